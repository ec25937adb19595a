namespace ContainerApi.Images;

/// <summary>
/// In what engines read instructions differently. Seen with 20.10 (API 1.41), 26.1 (1.45) and 28.5 (1.51); an engine between two of them is
/// taken for the newer.
/// </summary>
/// <param name="MakesPathsPlain">An absolute <c>WORKDIR /a/../b/</c> is <c>/b</c>.</param>
/// <param name="TakesShortSubstitutions"><c>${A-x}</c>, for which a variable that is empty is there, is taken beside <c>${A:-x}</c>.</param>
/// <param name="TakesOnlyWholeLists">A JSON list with something behind it is a line for the shell, and an empty list is none.</param>
internal sealed record InstructionDialect(bool MakesPathsPlain, bool TakesShortSubstitutions, bool TakesOnlyWholeLists)
{
    private static readonly Version Engine2010 = new(1, 41);
    private static readonly Version Engine261 = new(1, 45);

    /// <param name="apiVersion">That is spoken with the engine; without one it is taken for an old one.</param>
    public static InstructionDialect Of(string? apiVersion)
    {
        var api = Version.TryParse(apiVersion, out var parsed) ? parsed : Engine2010;
        return new InstructionDialect(api > Engine2010, api > Engine2010, api > Engine261);
    }
}
