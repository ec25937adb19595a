namespace ContainerApi.Tests;

/// <summary>For tests that measure memory: they run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SerialCollection
{
    public const string Name = "alone";
}
