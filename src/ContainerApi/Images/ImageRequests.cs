using System.Text.RegularExpressions;
using ContainerApi.Api;
using ContainerApi.Api.Requests;
using FluentValidation;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Images;

/// <summary>Which images to list.</summary>
internal sealed record ImagesQuery
{
    /// <summary>A name or a pattern of one, as in <c>busybox</c> or <c>team/*:v1</c>.</summary>
    public string? Reference { get; init; }

    /// <summary>Only those without a name (true), or only those with one (false).</summary>
    public string? Dangling { get; init; }

    /// <summary><c>name</c> or <c>name=value</c>; repeated, all must match.</summary>
    public string[]? Label { get; init; }

    /// <summary>The engine to ask, repeatable; without it all are asked.</summary>
    public string[]? Engine { get; init; }

    /// <summary>The engine's filters; null where there are none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? ToFilters()
    {
        var filters = new Dictionary<string, IReadOnlyList<string>>();
        if (Reference is not null)
        {
            filters["reference"] = [Reference];
        }

        if (Dangling is not null)
        {
            filters["dangling"] = [Rules.ToBoolean(Dangling) ? "true" : "false"];
        }

        if (Label is { Length: > 0 })
        {
            filters["label"] = Label;
        }

        return filters.Count > 0 ? filters : null;
    }
}

internal sealed partial class ImagesQueryValidator : AbstractValidator<ImagesQuery>
{
    public ImagesQueryValidator()
    {
        // Brackets and backslashes mean something in the engine's patterns, and a wrong one is a 500 there.
        RuleFor(q => q.Reference).Must(r => r is null || Pattern.IsMatch(r))
            .WithMessage("must be a name or a pattern of one: letters, digits, '_', '.', '-', '/', ':', '@', and '*' and '?' for any.");
        RuleFor(q => q.Dangling).Boolean();
        RuleFor(q => q.Label).Must(labels => labels is null || labels.All(l => l.Length is > 0 and <= 4096 && l[0] != '='))
            .WithMessage("must be name or name=value.");
    }

    [GeneratedRegex(@"^[A-Za-z0-9_./:@*?-]{1,512}\z")]
    private static partial Regex Pattern { get; }
}

/// <summary>Which image to show.</summary>
internal sealed record ImageQuery
{
    /// <summary>Its name or id, slashes and all.</summary>
    [FromRoute]
    public string? Reference { get; init; }

    /// <summary>The engine that has it; without it the first one is asked.</summary>
    public string? Engine { get; init; }
}

internal sealed class ImageQueryValidator : AbstractValidator<ImageQuery>
{
    public ImageQueryValidator() => RuleFor(q => q.Reference).Must(r => ImageNameOrId.TryParse(ImageRequests.Unescaped(r), out _))
        .WithErrorCode(ErrorCode.InvalidReference.Code).WithMessage(ImageRequests.NotAnImage);
}

/// <summary>Which image to remove, and how.</summary>
internal sealed record RemoveImageQuery
{
    /// <summary>Its name or id, slashes and all. A name is taken off; the image goes with its last name.</summary>
    [FromRoute]
    public string? Reference { get; init; }

    /// <summary>Also one that a stopped container uses, or that has several names where it is given by id.</summary>
    public string? Force { get; init; }

    /// <summary>The engine that has it; without it the first one is asked.</summary>
    public string? Engine { get; init; }
}

internal sealed class RemoveImageQueryValidator : AbstractValidator<RemoveImageQuery>
{
    public RemoveImageQueryValidator()
    {
        RuleFor(q => q.Reference).Must(r => ImageNameOrId.TryParse(ImageRequests.Unescaped(r), out _))
            .WithErrorCode(ErrorCode.InvalidReference.Code).WithMessage(ImageRequests.NotAnImage);
        RuleFor(q => q.Force).Boolean();
    }
}

internal static class ImageRequests
{
    public const string NotAnImage = "must be an image's name or id, as in app, registry:5000/team/app:v1, app@sha256:… or 43b9fa55b83f.";

    public static ImageNameOrId Parse(string? text) => ImageNameOrId.TryParse(text, out var image) ? image : throw new System.Diagnostics.UnreachableException();

    /// <summary>A route keeps <c>%2F</c> as it was sent, and clients that escape a whole reference send it.</summary>
    public static string? Unescaped(string? reference) => reference?.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}

/// <summary>The body of <c>POST /images/tag</c>.</summary>
internal sealed record TagRequest(
    [Parameter("The image's name or id.", ErrorCode = "invalid_reference")]
    ImageNameOrId Image,
    [Parameter("The new name, as in `registry:5000/team/app:v1`; without a tag, `latest`. An image that has this name loses it.",
        ErrorCode = "invalid_reference")]
    ImageName Tag,
    [Parameter("The engine's name. Default: the default engine.")]
    EngineName? Engine);

internal sealed class TagRequestValidator : AbstractValidator<TagRequest>
{
    public TagRequestValidator() => RuleFor(r => r.Tag).Must(tag => tag?.HasIpv6Host != true)
        .WithErrorCode(ErrorCode.InvalidReference.Code).WithMessage("must not name an IPv6 address: engine 20.10 rejects it.");
}
