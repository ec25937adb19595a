namespace ContainerApi.Api.Lists;

/// <summary>The value of <c>fields</c>.</summary>
internal sealed record ListFields<TRow>(IReadOnlyList<string> Names) : IParameterValue<ListFields<TRow>>
    where TRow : IRow<TRow>
{
    public static string Expected { get; } = $"must be one or more of {string.Join(", ", TRow.Columns.Names)}, separated by commas.";

    public static string ErrorOf(string text) =>
        $"has '{Split(text).First(n => TRow.Columns.FindName(n) is null)}', which is not a field. "
        + $"Allowed: {string.Join(", ", TRow.Columns.Names)}, separated by commas.";

    public static bool TryParse(string text, [NotNullWhen(true)] out ListFields<TRow>? value)
    {
        var names = Split(text).Select(TRow.Columns.FindName).ToList();
        value = names.Contains(null) ? null : new ListFields<TRow>([.. names.OfType<string>()]);
        return value is not null;
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries);

    public override string ToString() => string.Join(',', Names);
}
