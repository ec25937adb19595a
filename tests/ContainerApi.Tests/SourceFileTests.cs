namespace ContainerApi.Tests;

/// <summary>Limits the size of source files. The compiler and <c>.editorconfig</c> have no rule for it.</summary>
public sealed class SourceFileTests
{
    private const int MaxLineLength = 150;
    private const int MaxLines = 300;

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    public void Files_have_at_most_300_lines_of_at_most_150_characters(string folder)
    {
        var violations = new List<string>();
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(Repository.Root, path);
            if (name.Split(Path.DirectorySeparatorChar).Intersect(["bin", "obj"]).Any())
            {
                continue;
            }

            var lines = File.ReadAllLines(path);
            var longLines = lines.Index().Where(l => l.Item.Length > MaxLineLength);
            violations.AddRange(longLines.Select(l => $"{name}:{l.Index + 1} has {l.Item.Length} characters."));
            if (lines.Length > MaxLines)
            {
                violations.Add($"{name} has {lines.Length} lines.");
            }
        }

        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }
}
