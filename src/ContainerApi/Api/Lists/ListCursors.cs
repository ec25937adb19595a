using System.Buffers.Text;
using System.Security.Cryptography;
using ContainerApi.Api.Requests;

namespace ContainerApi.Api.Lists;

/// <summary>The text of a cursor. Only <see cref="ListCursors"/> can read it.</summary>
internal sealed record ListCursor(string Text) : IParameterValue<ListCursor>
{
    private const int MaxLength = 16 * 1024;

    public static string Expected => "must be the nextCursor of a response with the same sort.";

    public static bool TryParse(string? text, [NotNullWhen(true)] out ListCursor? value)
    {
        value = text is { Length: <= MaxLength } && Base64Url.IsValid(text) ? new ListCursor(text) : null;
        return value is not null;
    }
}

/// <summary>
/// Encrypts positions of pages (AES-256-GCM): a position holds the value that the list is sorted by, and one that was altered, or is of
/// another list, is refused.
/// </summary>
internal sealed class ListCursors(byte[] key) : IDisposable
{
    private const int TagLength = 16;
    private const int NonceLength = 12;

    private readonly AesGcm _cipher = new(key, TagLength);

    public string Encode<TRow>(PagePosition position)
        where TRow : IRow<TRow>
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(position);
        var cursor = new byte[NonceLength + TagLength + plain.Length];
        var nonce = cursor.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        _cipher.Encrypt(nonce, plain, cursor.AsSpan(NonceLength + TagLength), cursor.AsSpan(NonceLength, TagLength), ListOf<TRow>());
        return Base64Url.EncodeToString(cursor);
    }

    /// <returns>Null for a cursor that this key did not encrypt for this list.</returns>
    public PagePosition? Decode<TRow>(ListCursor cursor)
        where TRow : IRow<TRow>
    {
        var bytes = Base64Url.DecodeFromChars(cursor.Text).AsSpan();
        if (bytes.Length < NonceLength + TagLength)
        {
            return null;
        }

        var plain = new byte[bytes.Length - NonceLength - TagLength];
        try
        {
            var tag = bytes[NonceLength..(NonceLength + TagLength)];
            _cipher.Decrypt(bytes[..NonceLength], bytes[(NonceLength + TagLength)..], tag, plain, ListOf<TRow>());
            return JsonSerializer.Deserialize<PagePosition>(plain);
        }
        catch (Exception e) when (e is AuthenticationTagMismatchException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Sorts rows and cuts them to a page.</summary>
    public (IReadOnlyList<TRow> Page, string? NextCursor) Cut<TRow>(
        IEnumerable<TRow> rows, ListSort<TRow> sort, ListCursor? cursor, int? limit, bool hasMore = false)
        where TRow : IRow<TRow>
    {
        var (page, next) = sort.Cut(rows, cursor is null ? null : Decode<TRow>(cursor), limit, hasMore);
        return (page, next is null ? null : Encode<TRow>(next));
    }

    public void Dispose() => _cipher.Dispose();

    private static byte[] ListOf<TRow>()
        where TRow : IRow<TRow> => Encoding.UTF8.GetBytes(TRow.Columns.RowType);
}

internal static class ListRules
{
    /// <summary>Requires a cursor of a page with the same order.</summary>
    public static void MatchesSort<T, TRow>(this IRuleBuilder<T, ListCursor?> rule, ListCursors cursors, Func<T, ListSort<TRow>?> sort)
        where TRow : IRow<TRow> =>
        rule.Must((request, cursor) => cursor is null || cursors.Decode<TRow>(cursor)?.Sort == sort(request)?.ToString())
            .WithMessage(ListCursor.Expected).WhenValid("sort");
}
