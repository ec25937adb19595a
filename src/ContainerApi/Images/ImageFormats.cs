using ContainerApi.Api;

namespace ContainerApi.Images;

/// <summary>The formats of a list of images.</summary>
internal enum ImageListFormat
{
    Json,
    Ndjson,
    Table,
    Csv,

    /// <summary>The archive of the images.</summary>
    Tar,
}

/// <summary>The formats of one image.</summary>
internal enum ImageFormat
{
    Json,

    /// <summary>The archive of the image.</summary>
    Tar,
}

/// <summary>Chooses between the description of images and their archive.</summary>
internal static class ImageFormats
{
    private static readonly IReadOnlyList<(Format? Format, string MediaType)> OfList =
        [.. Formats.OfLists.Select(f => ((Format?)f.Format, f.MediaType)), (null, MediaTypes.Tar)];

    private static readonly IReadOnlyList<(ImageFormat Format, string MediaType)> OfOne =
        [(ImageFormat.Json, MediaTypes.Json), (ImageFormat.Tar, MediaTypes.Tar)];

    /// <returns>Null for an archive.</returns>
    /// <exception cref="ApiException">None of the accepted media types is available (406).</exception>
    public static Format? ChooseList(ImageListFormat? requested, HttpRequest request) => requested switch
    {
        null => Formats.Choose(request, OfList),
        ImageListFormat.Tar => null,
        ImageListFormat.Ndjson => Format.Ndjson,
        ImageListFormat.Table => Format.Table,
        ImageListFormat.Csv => Format.Csv,
        _ => Format.Json,
    };

    /// <exception cref="ApiException">None of the accepted media types is available (406).</exception>
    public static ImageFormat Choose(ImageFormat? requested, HttpRequest request) => requested ?? Formats.Choose(request, OfOne);

    /// <summary>Whether a request is for an archive, which may take long.</summary>
    public static bool IsArchive(HttpRequest request) => request.Query.TryGetValue("format", out var format)
        ? format.ToString().Equals("tar", StringComparison.OrdinalIgnoreCase)
        : request.Headers.Accept.Count > 0 && Formats.TryChoose(request, OfList, out var chosen) && chosen is null;
}
