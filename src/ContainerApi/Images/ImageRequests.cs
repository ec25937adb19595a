using ContainerApi.Api.Requests;

namespace ContainerApi.Images;

/// <summary>The parameters of <c>GET /images</c>.</summary>
internal sealed record ImageListRequest(
    // The engine's patterns give brackets and backslashes a meaning, and it answers 500 to an invalid pattern.
    [Parameter("A name or a pattern, as in `busybox` or `team/*:v1`.", Pattern = "[A-Za-z0-9_./:@*?-]{1,512}",
        Expected = "must be a name or a pattern: letters, digits, '_', '.', '-', '/', ':', '@', '*' and '?'.")]
    string? Reference,
    [Parameter("Whether to return only images without a name (true) or only images with one (false). Default: both.")]
    bool? Dangling,
    [Parameter("`name` or `name=value`; repeatable. An image must have all of them.", Pattern = @"[^=][\s\S]{0,4095}",
        Expected = "must be name or name=value.")]
    IReadOnlyList<string> Label,
    [Parameter("The engine's name; repeatable. Default: all engines.")]
    IReadOnlyList<EngineName> Engine,
    LocalParameter Local)
{
    /// <summary>The engine's filters; null without a filter.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? ToFilters()
    {
        var filters = new Dictionary<string, IReadOnlyList<string>>
        {
            ["reference"] = Reference is null ? [] : [Reference],
            ["dangling"] = Dangling is null ? [] : [Dangling == true ? "true" : "false"],
            ["label"] = Label,
        };
        var used = filters.Where(f => f.Value.Count > 0).ToDictionary();
        return used.Count > 0 ? used : null;
    }
}

/// <summary>The parameters of <c>GET /images/{reference}</c>.</summary>
internal sealed record ImageQuery(
    [Parameter("The image's name or id. Slashes need no escaping.", In = ParameterPlace.Route, ErrorCode = "invalid_reference")]
    ImageNameOrId Reference,
    [Parameter(EngineName.OfRead)]
    EngineName? Engine,
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
