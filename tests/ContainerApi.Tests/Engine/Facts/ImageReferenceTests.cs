
namespace ContainerApi.Tests.Engine.Facts;

public sealed class ImageReferenceTests
{
    [Theory]
    [InlineData("busybox", "busybox", null, null)]
    [InlineData("busybox:1.35", "busybox", "1.35", null)]
    [InlineData("localhost:5000/team/app:v1", "localhost:5000/team/app", "v1", null)]
    [InlineData("localhost:5000/team/app", "localhost:5000/team/app", null, null)]
    [InlineData("registry:5000/app", "registry:5000/app", null, null)]
    [InlineData("Registry.Example.com/app:V1", "Registry.Example.com/app", "V1", null)]
    [InlineData("[::1]:5000/app:v1", "[::1]:5000/app", "v1", null)]
    [InlineData("a/b__c/d--e:x", "a/b__c/d--e", "x", null)]
    [InlineData(
        "app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "app", null,
        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void Valid_references_are_parsed(string text, string repository, string? tag, string? digest)
    {
        Assert.True(ImageReference.TryParse(text, out var reference));
        Assert.Equal((repository, tag, digest), (reference.Repository, reference.Tag, reference.Digest));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("App")]
    [InlineData("app:")]
    [InlineData(":v1")]
    [InlineData("app:v1:v2")]
    [InlineData("app/")]
    [InlineData("/app")]
    [InlineData("a//b")]
    [InlineData("../x")]
    [InlineData("app:-v1")]
    [InlineData("app v1")]
    [InlineData("app:v1\n")]
    [InlineData("a___b")]
    [InlineData("app@sha256:123")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("sha256:v1")]
    [InlineData("docker.io/sha256:v1")]
    [InlineData("library/sha256")]
    public void Invalid_references_are_refused(string? text) => Assert.False(ImageReference.TryParse(text, out _));

    [Fact]
    public void Lengths_are_limited()
    {
        Assert.True(ImageReference.TryParse("a:" + new string('t', 128), out _));
        Assert.False(ImageReference.TryParse("a:" + new string('t', 129), out _));
        // The engine counts docker.io/library/ where it is left out.
        Assert.True(ImageReference.TryParse(new string('a', 237), out _));
        Assert.False(ImageReference.TryParse(new string('a', 238), out _));
        Assert.True(ImageReference.TryParse("localhost/" + new string('a', 245), out _));
        Assert.False(ImageReference.TryParse("localhost/" + new string('a', 246), out _));
    }

    [Theory]
    [InlineData("43b9fa55b83f", true)]
    [InlineData("sha256:43b9fa55b83f3c181790838c43cd3500d71bf10be8bfef1907b04d777cd25aa4", true)]
    [InlineData("busybox:latest", true)]
    [InlineData("..", false)]
    [InlineData("a b", false)]
    public void Names_and_ids_of_images_are_distinguished(string text, bool expected) => Assert.Equal(expected, ImageNameOrId.TryParse(text, out _));
}
