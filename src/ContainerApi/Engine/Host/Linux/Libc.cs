using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ContainerApi.Engine.Host.Linux;

/// <summary>
/// The few system calls of a pass. They fail with a number: processes die under our eyes all the time, and an exception
/// for each would cost more than the pass. Paths are bytes that end in a zero.
/// </summary>
internal static class Libc
{
    private const int ReadOnlyCloseOnExec = 0x80000;
    private const int CurrentDirectory = -100;
    private const uint WantLinks = 4;

    /// <returns>A descriptor, or a negative number.</returns>
    public static int Open(ReadOnlySpan<byte> path) => open(in MemoryMarshal.GetReference(path), ReadOnlyCloseOnExec);

    public static void Close(int descriptor) => _ = close(descriptor);

    /// <returns>How many bytes, 0 at the end, or a negative number.</returns>
    public static int Read(int descriptor, Span<byte> buffer) =>
        (int)read(descriptor, ref MemoryMarshal.GetReference(buffer), buffer.Length);

    /// <inheritdoc cref="Read(int, Span{byte})"/>
    public static int Read(SafeFileHandle file, Span<byte> buffer, long offset) =>
        (int)pread(file, ref MemoryMarshal.GetReference(buffer), buffer.Length, offset);

    /// <summary>
    /// Whether a directory has no directory inside, by its number of links: its own, the one in its parent, and one from
    /// each inside. Filesystems that do not count so have 1 and are not known to be leaves.
    /// </summary>
    public static bool IsLeaf(ReadOnlySpan<byte> directory)
    {
        Status status = default;
        return statx(CurrentDirectory, in MemoryMarshal.GetReference(directory), 0, WantLinks, ref status) == 0 && status.Links == 2;
    }

    [DllImport("libc")]
    private static extern int open(ref readonly byte path, int flags);

    [DllImport("libc")]
    private static extern int close(int descriptor);

    [DllImport("libc")]
    private static extern nint read(int descriptor, ref byte buffer, nint count);

    [DllImport("libc")]
    private static extern nint pread(SafeFileHandle file, ref byte buffer, nint count, long offset);

    [DllImport("libc")]
    private static extern int statx(int directory, ref readonly byte path, int flags, uint mask, ref Status status);

    /// <summary>The kernel's <c>struct statx</c>, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(16)]
        public uint Links;
    }
}
