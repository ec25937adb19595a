using ContainerApi.Engine.Docker.Wire;

namespace ContainerApi.Tests.Engine.Docker;

public sealed class WireValuesTests
{
    [Fact]
    public void Variables_are_those_with_a_value_and_the_last_of_equal_names() =>
        Assert.Equal(
            new Dictionary<string, string> { ["A"] = "2=3", ["B"] = "" },
            new[] { "A=1", "C=1", "A=2=3", "B=", "C" }.ToVariables());
}
