using System.Buffers;
using System.Security.Cryptography;

namespace ContainerApi.Builds;

/// <summary>Names for builds: ULIDs (48 bits of time in milliseconds, 80 random ones, in Crockford's base 32), so that they sort by time.</summary>
internal static class BuildId
{
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Length = 26;
    private static readonly SearchValues<char> AnyDigit = SearchValues.Create(Digits);

    /// <summary>Whether a text can be one.</summary>
    public static bool IsValid(string? text) =>
        text is { Length: Length } && text[0] <= '7' && !text.AsSpan().ContainsAnyExcept(AnyDigit);

    public static string New(DateTimeOffset at)
    {
        Span<byte> random = stackalloc byte[10];
        RandomNumberGenerator.Fill(random);
        var value = (UInt128)at.ToUnixTimeMilliseconds();
        foreach (var b in random)
        {
            value = (value << 8) | b;
        }

        Span<char> text = stackalloc char[Length];
        for (var i = Length - 1; i >= 0; i--, value >>= 5)
        {
            text[i] = Digits[(int)(value & 31)];
        }

        return new string(text);
    }
}
