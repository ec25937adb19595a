using System.Text;

namespace ContainerApi.Builds.Contexts;

/// <summary>A zero-terminated UTF-8 path for system calls. A walk reuses one instance.</summary>
internal sealed class FilePath
{
    /// <summary>PATH_MAX, including the terminating zero.</summary>
    private const int MaxLength = 4096;

    private readonly byte[] _bytes = new byte[MaxLength];
    private int _length;

    /// <exception cref="IOException">The path is longer than PATH_MAX.</exception>
    public FilePath(string path) => Append(path);

    /// <summary>The length, for <see cref="Cut"/>.</summary>
    public int Length => _length;

    /// <summary>The path with its terminating zero.</summary>
    public ReadOnlySpan<byte> ZeroTerminated => _bytes.AsSpan(0, _length + 1);

    /// <summary>Appends the name of an entry.</summary>
    /// <exception cref="IOException">The path becomes longer than PATH_MAX.</exception>
    public void Enter(string name)
    {
        Append("/");
        Append(name);
    }

    public void Cut(int length)
    {
        _length = length;
        _bytes[length] = 0;
    }

    private void Append(string text)
    {
        if (!Encoding.UTF8.TryGetBytes(text, _bytes.AsSpan(_length, MaxLength - 1 - _length), out var written))
        {
            throw new PathTooLongException("The path is longer than PATH_MAX.");
        }

        Cut(_length + written);
    }
}
