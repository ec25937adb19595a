using System.Text;

namespace ContainerApi.Builds.Contexts;

/// <summary>A path as Linux takes it: UTF-8 that a zero ends. A walk has one, which it changes from name to name.</summary>
internal sealed class FilePath
{
    /// <summary>PATH_MAX, its zero included.</summary>
    private const int Longest = 4096;

    private readonly byte[] _bytes = new byte[Longest];
    private int _length;

    /// <exception cref="IOException">It is longer than Linux takes.</exception>
    public FilePath(string path) => Append(path);

    /// <summary>Its length, to come back to by <see cref="Cut"/>.</summary>
    public int Length => _length;

    /// <summary>With its zero.</summary>
    public ReadOnlySpan<byte> ZeroEnded => _bytes.AsSpan(0, _length + 1);

    /// <summary>Names an entry of the directory that it is.</summary>
    /// <exception cref="IOException">It becomes longer than Linux takes.</exception>
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
        if (!Encoding.UTF8.TryGetBytes(text, _bytes.AsSpan(_length, Longest - 1 - _length), out var written))
        {
            throw new PathTooLongException("The path is longer than Linux takes.");
        }

        Cut(_length + written);
    }
}
