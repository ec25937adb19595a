using System.Security.Cryptography;

namespace ContainerApi.Builds.Contexts;

/// <summary>A set of paths that finds the parents of a path in time linear in its length, however deep it is.</summary>
/// <remarks>
/// A hash rolls over the path, and a parent is compared only where the hash is one of the set's. Its base is random, so that a
/// caller cannot choose paths with equal hashes.
/// </remarks>
internal sealed class PathSet
{
    /// <summary>Further paths are not added, and entries below them not found.</summary>
    private const int MaxPaths = 10_000;

    private static readonly ulong Base = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;

    private readonly HashSet<string> _paths = [];
    private readonly HashSet<ulong> _hashes = [];

    public void Add(string path)
    {
        if (_paths.Count < MaxPaths && _paths.Add(path))
        {
            _hashes.Add(path.Aggregate(0UL, Next));
        }
    }

    /// <summary>Returns the first path of the set that is a parent directory of <paramref name="path"/>, or null.</summary>
    public string? FindParent(string path)
    {
        var hash = 0UL;
        for (var i = 0; i < path.Length && _paths.Count > 0; i++)
        {
            if (path[i] == '/' && _hashes.Contains(hash) && _paths.Contains(path[..i]))
            {
                return path[..i];
            }

            hash = Next(hash, path[i]);
        }

        return null;
    }

    /// <summary>Multiplication alone leaves low bits predictable; the rotation mixes the high bits in.</summary>
    private static ulong Next(ulong hash, char c) => (ulong.RotateLeft(hash, 23) ^ c) * Base;
}
