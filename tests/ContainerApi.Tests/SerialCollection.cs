namespace ContainerApi.Tests;

/// <summary>For tests that measure the process's memory: they run while no other does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SerialCollection
{
    public const string Name = "alone";
}
