using ContainerApi.Api.Lists;
using ContainerApi.Api.Requests;
using ContainerApi.Registries;

namespace ContainerApi.Images;

/// <summary>The parameters of <c>GET /images</c>.</summary>
internal sealed record ImageListRequest(
    // The engine's patterns give brackets and backslashes a meaning, and it answers 500 to an invalid pattern.
    [Parameter("A name or a pattern, as in `busybox` or `team/*:v1`.", CommaSeparated = true,
        Pattern = "[A-Za-z0-9_./:@*?-]{1,512}",
        Expected = "must be a name or a pattern: letters, digits, '_', '.', '-', '/', ':', '@', '*' and '?'.")]
    IReadOnlyList<string> Reference,
    [Parameter("Whether to return only images without a name (true) or only images with one (false). Default: both.")]
    bool? Dangling,
    [Parameter("`key` or `key=value`. An image must have all of them. " + CommaList.Escape, CommaSeparated = true, Pattern = @"[^=][\s\S]{0,4095}",
        Expected = "must be key or key=value.")]
    IReadOnlyList<string> Label,
    [Parameter("The full id: `sha256:` and 64 hex digits.", CommaSeparated = true, Pattern = "sha256:[0-9a-f]{64}",
        Expected = "must be a full id: sha256: and 64 hex digits. GET /images/{reference} takes a short one, too.")]
    IReadOnlyList<string> Id,
    [Parameter("The engine's name. Default: all engines.", CommaSeparated = true)]
    IReadOnlyList<EngineName> Engine,
    [Parameter("Only these fields, separated by commas.", Example = "tags,sizeBytes")]
    ListFields<ImageSummary>? Fields,
    [Parameter("The field to order by, prefixed with `-` for descending order. Unknown values come last; a list is ordered by its length.",
        Default = "-createdAt", Example = "-sizeBytes")]
    ListSort<ImageSummary> Sort,
    [Parameter("The maximum number of images on a page. Default: all.", Min = 1, Max = 10_000)]
    int? Limit,
    [Parameter("The `nextCursor` of the previous page.")]
    ListCursor? Cursor,
    [Parameter("`update`: asks the registries of the names, through the engine, whether they have other images. Answers are kept for five minutes.",
        CommaSeparated = true, Allowed = ["update"])]
    IReadOnlyList<string> Include,
    [Parameter("Registry credentials for `include=update`, as Docker's clients send them. Those that name a registry are for it alone; those that "
        + "name none, for one image.", Name = ApiHeaders.RegistryAuth, In = ParameterPlace.Header)]
    RegistryAuthHeader? RegistryAuth,
    [Parameter("The format of the response. Default: by `Accept`. `tar` saves the images in `reference`, which must be names or ids.")]
    ImageListFormat? Format,
    LocalParameter Local)
{
    /// <summary>The engine's filters; null without a filter.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? ToFilters()
    {
        var filters = new Dictionary<string, IReadOnlyList<string>>
        {
            ["reference"] = Reference,
            ["dangling"] = Dangling is null ? [] : [Dangling == true ? "true" : "false"],
            ["label"] = Label,
        };
        var used = filters.Where(f => f.Value.Count > 0).ToDictionary();
        return used.Count > 0 ? used : null;
    }
}

internal sealed class ImageListRequestValidator : AbstractValidator<ImageListRequest>
{
    public ImageListRequestValidator(ListCursors cursors) => RuleFor(q => q.Cursor).MatchesSort(cursors, q => q.Sort);
}

/// <summary>The parameters of <c>GET /images/{reference}</c>.</summary>
internal sealed record ImageQuery(
    [Parameter("The image's name or id. Slashes need no escaping.", In = ParameterPlace.Route, ErrorCode = "invalid_reference")]
    ImageNameOrId Reference,
    [Parameter(EngineName.OfRead)]
    EngineName? Engine,
    [Parameter("`update`: asks the registries of the names, through the engine, whether they have other images. Answers are kept for five minutes.",
        CommaSeparated = true, Allowed = ["update"])]
    IReadOnlyList<string> Include,
    [Parameter("Registry credentials for `include=update`, as Docker's clients send them. Those that name a registry are for it alone; those that "
        + "name none, for one image.", Name = ApiHeaders.RegistryAuth, In = ParameterPlace.Header)]
    RegistryAuthHeader? RegistryAuth,
    [Parameter("The format of the response; `tar` is the archive of the image. Default: by `Accept`, else `json`.")]
    ImageFormat? Format,
    LocalParameter Local);

/// <summary>The parameters of <c>DELETE /images/{reference}</c>.</summary>
internal sealed record RemoveImageRequest(
    [Parameter("The image's name or id. Slashes need no escaping.", In = ParameterPlace.Route, ErrorCode = "invalid_reference")]
    ImageNameOrId Reference,
    [Parameter(EngineName.OfWrite)]
    EngineName? Engine,
    [Parameter("Whether to remove an image that a stopped container uses, or that has several names and is selected by id.", Default = "false")]
    bool Force);

/// <summary>The body of <c>POST /images/tag</c>.</summary>
internal sealed record TagRequest(
    [Parameter("The image's name or id.", ErrorCode = "invalid_reference")]
    ImageNameOrId Image,
    [Parameter("The new name, as in `registry:5000/team/app:v1`; without a tag, `latest`. An image that has this name loses it.",
        ErrorCode = "invalid_reference")]
    ImageName Tag,
    [Parameter(EngineName.OfWrite, CanBeInQuery = true)]
    EngineName? Engine);

internal sealed class TagRequestValidator : AbstractValidator<TagRequest>
{
    public TagRequestValidator() => RuleFor(r => r.Tag).NoIpv6Host();
}

internal static class ImageNameRules
{
    public static void NoIpv6Host<T>(this IRuleBuilder<T, ImageName?> rule) => rule.Must(name => name?.HasIpv6Host != true)
        .WithErrorCode(ErrorCode.InvalidReference.Code).WithMessage("must not have an IPv6 address: engine 20.10 rejects it.");
}
