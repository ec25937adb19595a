using ContainerApi.Tests.Containers;

namespace ContainerApi.Tests.Images;

/// <summary>Images and failures that the tests of this folder share.</summary>
internal static class ImageFactory
{
    public static readonly string ImageId = "sha256:" + Facts.Id('f');

    public static ImageFacts Image(params IReadOnlyList<string> tags) => new()
    {
        Id = ImageId,
        Tags = tags,
        CreatedAt = Facts.Noon,
        SizeBytes = 1234,
        Labels = new Dictionary<string, string> { ["a"] = "b" },
    };

    /// <summary>An engine with these images and the container <c>web</c>.</summary>
    public static FakeEngine EngineWith(IReadOnlyList<ImageFacts> images, string name = "local") => new()
    {
        Name = name,
        ListImages = (_, _) => Task.FromResult(images),
        InspectImage = (_, _) => Task.FromResult(new ImageDetails { Summary = images[0] }),
        ListContainers = (_, _) => Task.FromResult<IReadOnlyList<ContainerFacts>>([Facts.Container('a', "web")]),
    };

    public static EngineException Failure(ErrorCode kind, string engine = "local") => new(kind, engine, "In the engine's words.");

    public static async IAsyncEnumerable<TransferFacts> Lines(EngineException? failure, params IReadOnlyList<TransferFacts> facts)
    {
        await Task.Yield();
        foreach (var fact in facts)
        {
            yield return fact;
        }

        if (failure is not null)
        {
            throw failure;
        }
    }
}
