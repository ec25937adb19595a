using System.Buffers.Text;
using System.Security.Cryptography;
using ContainerApi.Access;

namespace ContainerApi.Containers;

/// <summary>The text of a cursor. Only <see cref="ContainerCursors"/> can read it.</summary>
internal sealed record ContainerCursor(string Text) : IParameterValue<ContainerCursor>
{
    private const int MaxLength = 16 * 1024;

    public static string Expected => "must be the nextCursor of a response with the same sort.";

    public static bool TryParse(string? text, [NotNullWhen(true)] out ContainerCursor? value)
    {
        value = text is { Length: <= MaxLength } && Base64Url.IsValid(text) ? new ContainerCursor(text) : null;
        return value is not null;
    }
}

/// <summary>
/// Encrypts positions of pages (AES-256-GCM): a position holds the value that the list is sorted by, and an altered one is refused. The key
/// is <c>Security:CursorKey</c>, which replicas share, or one that is made at startup.
/// </summary>
internal sealed class ContainerCursors(SecurityOptions security) : IDisposable
{
    private const int TagLength = 16;
    private const int NonceLength = 12;

    private readonly AesGcm _cipher = new(
        security.CursorKey is { } key ? Convert.FromBase64String(key) : RandomNumberGenerator.GetBytes(SecurityOptions.CursorKeyLength), TagLength);

    public string Encode(PagePosition position)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(position);
        var cursor = new byte[NonceLength + TagLength + plain.Length];
        var nonce = cursor.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        _cipher.Encrypt(nonce, plain, cursor.AsSpan(NonceLength + TagLength), cursor.AsSpan(NonceLength, TagLength));
        return Base64Url.EncodeToString(cursor);
    }

    /// <returns>Null for a cursor that this key did not encrypt.</returns>
    public PagePosition? Decode(ContainerCursor cursor)
    {
        var bytes = Base64Url.DecodeFromChars(cursor.Text).AsSpan();
        if (bytes.Length < NonceLength + TagLength)
        {
            return null;
        }

        var plain = new byte[bytes.Length - NonceLength - TagLength];
        try
        {
            _cipher.Decrypt(bytes[..NonceLength], bytes[(NonceLength + TagLength)..], bytes[NonceLength..(NonceLength + TagLength)], plain);
            return JsonSerializer.Deserialize<PagePosition>(plain);
        }
        catch (Exception e) when (e is AuthenticationTagMismatchException or JsonException)
        {
            return null;
        }
    }

    public void Dispose() => _cipher.Dispose();
}
