namespace ContainerApi.Engine.Facts;

/// <summary>The name that a request gives an engine. Any text is a name: a missing engine is a 404 and not an invalid request.</summary>
internal sealed record EngineName(string Value) : IParameterValue<EngineName>
{
    /// <summary>The description of the parameter of a read.</summary>
    public const string OfRead = "The engine's name. Default: all engines are searched.";

    /// <summary>The description of the parameter of a write.</summary>
    public const string OfWrite = "The engine's name. Required where there are several engines and the configuration has no `DefaultEngine`.";

    /// <summary>In place of the name of an engine for a build: the one with the fewest builds.</summary>
    public const string Any = "any";

    public static string Expected => "must be an engine's name.";

    public static bool TryParse(string text, [NotNullWhen(true)] out EngineName? value)
    {
        value = new EngineName(text);
        return true;
    }

    public override string ToString() => Value;
}
