using ContainerApi.Builds.Dockerfiles;

namespace ContainerApi.Tests.Builds.Dockerfiles;

public sealed class DockerfileExpansionTests
{
    private static readonly Dictionary<string, string?> None = [];

    [Theory]
    [InlineData("ENV A=$A$A\n")]
    [InlineData("ENV A $A$A\n")]
    [InlineData("ARG A=${A}${A}\n")]
    [InlineData("ENV A=\"$A $A\"\n")]
    [InlineData("ENV B=$A$A\nENV A=$B\n")]
    [InlineData("ENV B=${A:-x}$A A=$B$B\n")]
    public void Variables_that_double_are_refused(string lines)
    {
        var dockerfile = "FROM x\nENV A=0123456789\n" + string.Concat(Enumerable.Repeat(lines, 40));

        var refused = Assert.Throws<ApiException>(() => DockerfileExpansion.Check(dockerfile, None));

        Assert.Equal(ErrorCode.InvalidDockerfile, refused.Code);
        Assert.EndsWith("its variables expand to more than 16777216 characters.", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ENV PATH=$PATH:/opt/bin LIB=$LIB:$HOME/lib\n")]
    [InlineData("RUN A=$A$A\n")]
    [InlineData("ENV A=x\n")]
    [InlineData("LABEL a=$A b=$A\n")]
    public void Variables_that_grow_by_a_word_are_accepted(string line) =>
        DockerfileExpansion.Check("FROM x\nENV A=0123456789\n" + string.Concat(Enumerable.Repeat(line, 100)), None);

    [Fact]
    public void Build_arguments_count_with_their_values()
    {
        var dockerfile = "ARG A\nFROM x\n" + string.Concat(Enumerable.Repeat("LABEL a=$A\n", 200));

        DockerfileExpansion.Check(dockerfile, None);
        Assert.Throws<ApiException>(() => DockerfileExpansion.Check(dockerfile, new Dictionary<string, string?> { ["A"] = new('x', 100_000) }));
    }
}
