using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace ContainerApi.Hosting;

/// <summary>
/// A memory pool for Kestrel with blocks of 128 KB, the size of a write to the engine. Kestrel's default is 4 KB: each block of an upload
/// wakes a thread, which costs several times as much CPU as the copy. An idle connection holds no block.
/// </summary>
internal sealed class LargeBlockPool : IMemoryPoolFactory<byte>
{
    private const int BlockSize = 128 * 1024;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Pool();

    private sealed class Pool : MemoryPool<byte>
    {
        public override int MaxBufferSize => Shared.MaxBufferSize;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => Shared.Rent(Math.Max(minBufferSize, BlockSize));

        protected override void Dispose(bool disposing)
        {
            // The shared pool owns the memory.
        }
    }
}
