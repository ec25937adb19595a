using System.Buffers;
using System.Buffers.Binary;

namespace ContainerApi.Builds;

/// <summary>Ids of builds: UUIDs of version 7 (RFC 9562) in Crockford's base 32, which sort by time.</summary>
internal static class BuildId
{
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Length = 26;
    private static readonly SearchValues<char> AnyDigit = SearchValues.Create(Digits);

    public static bool IsValid(string? text) =>
        text is { Length: Length } && text[0] <= '7' && !text.AsSpan().ContainsAnyExcept(AnyDigit);

    public static string New(DateTimeOffset at) => string.Create(Length, Guid.CreateVersion7(at), static (text, id) =>
    {
        var value = BinaryPrimitives.ReadUInt128BigEndian(id.ToByteArray(bigEndian: true));
        for (var i = Length - 1; i >= 0; i--, value >>= 5)
        {
            text[i] = Digits[(int)(value & 31)];
        }
    });
}
