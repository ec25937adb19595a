using ContainerApi.Engine.Docker;
using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Tests.Engine.Docker;

/// <summary>Digests, platforms and attestations of images, as the stores of engines return them (20.10 and 28.5).</summary>
public sealed class ImageTranslationTests
{
    private const string Id = "sha256:cfcccce5733ff995f7de57dbf158b82369f461b5326c13ec5e9b573384c66299";

    [Fact]
    public void Manifests_of_an_index_are_platforms_and_attestations()
    {
        var image = Read("""
            "Descriptor":{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:1","size":855},"Manifests":[
              {"ID":"sha256:a","Available":true,"Kind":"image","ImageData":{"Platform":{"architecture":"arm64","os":"linux","variant":"v8"}}},
              {"ID":"sha256:b","Available":false,"Kind":"image","ImageData":{"Platform":{"architecture":"s390x","os":"linux"}}},
              {"ID":"sha256:c","Available":true,"Kind":"attestation","AttestationData":{"For":"sha256:a"}},
              {"ID":"sha256:d","Available":true,"Kind":"attestation","AttestationData":{"For":"sha256:none"}},
              {"ID":"sha256:e","Available":true,"Kind":"unknown"}]
            """);

        Assert.Equal("sha256:1", image.Digest);
        Assert.Equal(["linux/arm64/v8"], image.Platforms!);
        Assert.Equal(new Dictionary<string, string> { ["linux/arm64/v8"] = "sha256:c" }, image.Attestations);
    }

    [Fact]
    public void Image_in_a_store_of_graph_drivers_has_its_platform_only()
    {
        var image = Read($"\"RepoDigests\":[\"app@{Id.Replace("cf", "00", StringComparison.Ordinal)}\"]");

        Assert.Null(image.Digest);
        Assert.Equal(["linux/amd64"], image.Platforms!);
        Assert.Null(image.Attestations);
    }

    [Fact]
    public void Platforms_of_an_index_that_the_engine_does_not_describe_are_unknown() =>
        Assert.Null(Read($"\"RepoDigests\":[\"app@{Id}\"]").Platforms);

    private static ImageDetails Read(string more) => ImageTranslation.ToDetails(
        JsonSerializer.Deserialize(
            $$"""{"Id":"{{Id}}","Os":"linux","Architecture":"amd64","Size":1,{{more}}}""", EngineWire.Default.InspectedImage)!, []);
}
