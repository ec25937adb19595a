using System.IO.Pipelines;
using ContainerApi.Streams;
using Microsoft.AspNetCore.WebUtilities;

namespace ContainerApi.Builds.Contexts;

/// <summary>
/// Reads what serves as a directory in an upload: the archives of a form that are named contexts, and a main context whose ignore file
/// applies. They are in temporary files until the build ends.
/// </summary>
internal sealed class UploadPreparation(BuildDockerfile? dockerfile, bool hasIgnoreFile, long maxBytes)
{
    /// <summary>Paths of the Dockerfile in the order of a builder's search; none beside a text.</summary>
    private readonly string[] _dockerfiles = dockerfile is { IsText: true } ? []
        : dockerfile is { Path: { } path } ? [path]
        : [BuildContexts.DefaultDockerfile, BuildContexts.DefaultDockerfile.ToLowerInvariant()];

    private readonly string? _text = dockerfile is { IsText: true } ? dockerfile.Text : null;

    /// <summary>Returns an upload as a source; without an ignore file it passes to the engine as it is sent.</summary>
    public BuildSource ToSource(BuildContext main) => !hasIgnoreFile ? main : new BuildSource(main)
    {
        Prepare = (source, check, cancellationToken) => FilterAsync(source, check, cancellationToken),
    };

    /// <summary>Returns a form as a source.</summary>
    /// <param name="first">The first file that is not a secret; null for a form with the text of a Dockerfile only.</param>
    public BuildSource ToSource(MultipartReader reader, MultipartSection? first) =>
        first is not null && BuildFormReader.ContextOf(first) is not null
            ? new BuildSource(ToMain(reader, null, maxBytes))
            {
                Prepare = (source, check, cancellationToken) => ReadFormAsync(source, reader, first, check, cancellationToken),
            }
            : ToSource(ToMain(reader, first, maxBytes));

    private BuildContext ToMain(MultipartReader reader, MultipartSection? first, long left) => first is null
        ? BuildContexts.FromDockerfile(_text ?? "", left)
        : MultipartContext.From(reader, first, dockerfile?.Path, left);

    /// <summary>What the archives of a build leave of its limit, in bytes.</summary>
    private long LeftOf(BuildSource source) => maxBytes - source.Files.Sum(file => file.Length);

    private async Task<BuildSource> ReadFormAsync(
        BuildSource source, MultipartReader reader, MultipartSection first, DockerfileCheck check, CancellationToken cancellationToken)
    {
        try
        {
            MultipartSection? section = first;
            for (; section is not null && BuildFormReader.ContextOf(section) is { } name;
                section = await MultipartContext.NextAsync(reader, cancellationToken))
            {
                source = await AddAsync(source, name, section.Body, cancellationToken);
            }

            if (section is null && _text is null)
            {
                throw BuildFormReader.NoFile();
            }

            source = source with { Archive = ToMain(reader, section, LeftOf(source)), Prepare = null };
            return hasIgnoreFile && section is not null ? await FilterAsync(source, check, cancellationToken) : source;
        }
        catch
        {
            source.DisposeFiles();
            throw;
        }
    }

    private async Task<BuildSource> AddAsync(BuildSource source, string name, Stream part, CancellationToken cancellationToken)
    {
        if (source.Named.Any(named => named.Name == name))
        {
            throw BuildFormReader.Refused("context:" + name, BuildFormReader.Twice);
        }

        var body = PipeReader.Create(new Part(part));
        var archive = await ReadNamedAsync(UploadedContext.From(body, null, LeftOf(source)), "context:" + name, cancellationToken);
        var named = new NamedContext(name, null) { Sync = archive.ToSync("", cancellationToken) };
        return source with { Named = [.. source.Named, named], Files = [.. source.Files, archive] };
    }

    /// <summary>Reads an archive that is one part of the body: errors name the part.</summary>
    private async Task<SpooledArchive> ReadNamedAsync(BuildContext context, string part, CancellationToken cancellationToken)
    {
        try
        {
            return await SpooledArchive.ReadAsync(context, [], hasIgnoreFile, _ => { }, cancellationToken);
        }
        catch (ApiException e) when (e.Code == ErrorCode.InvalidContext)
        {
            var message = e.Message.Replace("The body", "The archive", StringComparison.Ordinal);
            throw new ApiException(e.Code, $"Part '{part}': {message}", new Dictionary<string, string[]> { [part] = [message] }, inner: e);
        }
    }

    private async Task<BuildSource> FilterAsync(BuildSource source, DockerfileCheck check, CancellationToken cancellationToken)
    {
        var archive = await SpooledArchive.ReadAsync(source.Archive, _dockerfiles, hasIgnoreFile, check, cancellationToken);
        return source with
        {
            Archive = archive.Write(maxBytes),
            Sync = archive.ToSync(_text, cancellationToken),
            Files = [.. source.Files, archive],
            Prepare = null,
        };
    }

    /// <summary>A part of a form. Its end without a boundary is the form's damage, not the archive's.</summary>
    private sealed class Part(Stream part) : ForwardStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await part.ReadAsync(buffer, cancellationToken);
            }
            catch (Exception e) when (MultipartContext.IsDamage(e))
            {
                throw BuildContexts.Invalid("The form is truncated or damaged.", e);
            }
        }
    }
}
