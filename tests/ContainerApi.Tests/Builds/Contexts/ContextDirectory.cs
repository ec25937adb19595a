using System.IO.Pipelines;
using ContainerApi.Builds.Contexts;

namespace ContainerApi.Tests.Builds.Contexts;

/// <summary>A temporary directory with a Dockerfile.</summary>
internal sealed class ContextDirectory : IDisposable
{
    public ContextDirectory() => Write("Dockerfile", "FROM scratch\n");

    public string Root { get; } = Directory.CreateTempSubdirectory("containerapi-context-").FullName;

    public string At(string name) => Path.Combine(Root, name);

    public void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
    }

    public Task SendAsync(PipeWriter output, string? dockerfile = null, long maxBytes = 1L << 30) =>
        DirectoryContext.Open(Root, dockerfile).Write(maxBytes)(output, _ => { }, CancellationToken.None);

    public async Task<byte[]> ArchiveAsync(string? dockerfile = null, long maxBytes = 1L << 30)
    {
        using var archive = new MemoryStream();
        await SendAsync(PipeWriter.Create(archive), dockerfile, maxBytes);
        return archive.ToArray();
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
