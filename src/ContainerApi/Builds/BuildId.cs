using System.Buffers;
using System.Buffers.Binary;

namespace ContainerApi.Builds;

/// <summary>Id of a build: a UUID of version 7 (RFC 9562) in Crockford's base 32. Ids sort by time.</summary>
internal sealed record BuildId(string Value) : IParameterValue<BuildId>
{
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Length = 26;
    private static readonly SearchValues<char> AnyDigit = SearchValues.Create(Digits);

    public static string Expected => "must be a build's id: 26 digits and upper-case letters.";

    public static bool TryParse(string text, [NotNullWhen(true)] out BuildId? value)
    {
        value = text.Length == Length && text[0] <= '7' && !text.AsSpan().ContainsAnyExcept(AnyDigit) ? new BuildId(text) : null;
        return value is not null;
    }

    public static string New(DateTimeOffset at) => string.Create(Length, Guid.CreateVersion7(at), static (text, id) =>
    {
        var value = BinaryPrimitives.ReadUInt128BigEndian(id.ToByteArray(bigEndian: true));
        for (var i = Length - 1; i >= 0; i--, value >>= 5)
        {
            text[i] = Digits[(int)(value & 31)];
        }
    });
}
