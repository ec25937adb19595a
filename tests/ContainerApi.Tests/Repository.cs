using System.Runtime.CompilerServices;

namespace ContainerApi.Tests;

internal static class Repository
{
    /// <summary>The root folder of the repository.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
