using System.Formats.Tar;
using System.Runtime.CompilerServices;

namespace ContainerApi.Tests.Builds.Contexts;

/// <summary>An engine's build that takes note of what it is given, reads the context to its end, and succeeds.</summary>
internal sealed class BuiltContext
{
    public const string Image = "sha256:205312e33451ce9a371c6493573e41eb930be2f25d47ca067066aa96baf80d27";

    public BuildSpec? Spec { get; set; }

    /// <summary>The context's entries and their text, by name.</summary>
    public Dictionary<string, string>? Files { get; private set; }

    public async IAsyncEnumerable<BuildFact> BuildAsync(BuildSpec spec, Stream context, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Spec = spec;
        using var whole = new MemoryStream();
        await context.CopyToAsync(whole, cancellationToken);
        whole.Position = 0;
        Files = [];
        var reader = new TarReader(whole);
        while (reader.GetNextEntry() is { } entry)
        {
            Files[entry.Name] = entry.DataStream is { } data ? new StreamReader(data).ReadToEnd() : "";
        }

        yield return new StepStarted("1", 1, 1, "FROM scratch");
        yield return new StepCompleted("1", false);
        yield return new ImageBuilt(Image);
    }
}
