using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace ContainerApi.Hosting;

/// <summary>
/// Kestrel's memory in blocks of 128 KB, as much as goes on to the engine at once. Its own have 4 KB, and what it receives wakes a
/// thread for each: that costs several times what the bytes do. A connection that waits holds none.
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
            // What is rented belongs to the process's own pool.
        }
    }
}
