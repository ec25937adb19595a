using System.Globalization;
using System.Text.RegularExpressions;

namespace ContainerApi.Engine.Docker.Builders;

/// <summary>What builders write as text, as numbers.</summary>
internal static class BuilderText
{
    /// <summary>Null where nothing matched, and where it is more than an <see cref="int"/> holds.</summary>
    public static int? ToNumber(this Group group) =>
        int.TryParse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
