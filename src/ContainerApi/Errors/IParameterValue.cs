namespace ContainerApi.Errors;

/// <summary>A value type of a request parameter: it is parsed from text once, at the edge.</summary>
internal interface IParameterValue<TSelf>
    where TSelf : class, IParameterValue<TSelf>
{
    /// <summary>The allowed values, as the end of a sentence that begins with the name of the parameter: "must be …".</summary>
    static abstract string Expected { get; }

    /// <summary>What is wrong with an invalid text, as the end of such a sentence.</summary>
    static virtual string ErrorOf(string text) => TSelf.Expected;

    static abstract bool TryParse(string text, [NotNullWhen(true)] out TSelf? value);
}
