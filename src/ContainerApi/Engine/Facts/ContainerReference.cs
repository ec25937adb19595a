namespace ContainerApi.Engine.Facts;

/// <summary>The name, the id or an id prefix of a container (moby <c>daemon/names</c>; one character is enough for an id prefix).</summary>
internal sealed partial record ContainerReference(string Value) : IParameterValue<ContainerReference>
{
    public static string Expected => "must be a container's name or id: letters, digits, '_', '.' and '-', the first a letter or digit.";

    public static bool TryParse(string text, [NotNullWhen(true)] out ContainerReference? value)
    {
        value = Grammar.IsMatch(text) ? new ContainerReference(text) : null;
        return value is not null;
    }

    public override string ToString() => Value;

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Grammar { get; }
}
