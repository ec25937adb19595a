using System.Formats.Tar;

namespace ContainerApi.Soak;

/// <summary>An image with one layer that contains busybox. The engine imports it, so no registry is needed.</summary>
internal static class BusyboxImage
{
    private const UnixFileMode Executable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <param name="engine">The engine's API.</param>
    /// <param name="changes">Further Dockerfile instructions.</param>
    public static async Task ImportAsync(HttpClient engine, string repository, string tag, IReadOnlyList<string> applets, params string[] changes)
    {
        using var tar = new MemoryStream();
        await using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.Directory, "bin/") { Mode = Executable });
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.Directory, "tmp/") { Mode = (UnixFileMode)0x1FF });
            await using var binary = File.OpenRead("/bin/busybox");
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "bin/busybox") { Mode = Executable, DataStream = binary });
            foreach (var applet in applets)
            {
                await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.SymbolicLink, "bin/" + applet) { LinkName = "busybox" });
            }
        }

        tar.Position = 0;
        var query = string.Concat(changes.Prepend("ENV PATH=/bin").Select(c => "&changes=" + Uri.EscapeDataString(c)));
        using var imported = await engine.PostAsync($"images/create?fromSrc=-&repo={repository}&tag={tag}{query}", new StreamContent(tar));
        imported.EnsureSuccessStatusCode();
    }
}
