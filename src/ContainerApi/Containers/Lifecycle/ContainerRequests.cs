using System.Text.Json;
using System.Text.RegularExpressions;
using ContainerApi.Api;
using ContainerApi.Api.Requests;
using FluentValidation;

namespace ContainerApi.Containers.Lifecycle;

/// <summary>A container to be made.</summary>
public sealed record CreateContainerRequest
{
    /// <summary>The image's name or id, as in <c>busybox:1.36</c>.</summary>
    public string? Image { get; init; }

    /// <summary>What runs in it: text, split as a shell would (nothing is expanded), or a list of arguments. Without it the image's own
    /// command runs.</summary>
    public JsonElement? Command { get; init; }

    /// <summary>Its name; without one the engine makes one up.</summary>
    public string? Name { get; init; }

    /// <summary>Environment variables: an object, or a list of <c>NAME=value</c>.</summary>
    public JsonElement? Environment { get; init; }

    /// <summary>Labels: an object, or a list of <c>name=value</c>.</summary>
    public JsonElement? Labels { get; init; }

    /// <summary>
    /// Ports to publish: texts as in <c>8080:80/tcp</c>, <c>127.0.0.1:8080:80</c>, <c>[::1]:8080:80</c>, <c>8000-8002:80-82</c>
    /// and <c>80</c> (the engine picks the host's port), or objects of <c>containerPort</c>, <c>protocol</c>, <c>hostIp</c>, <c>hostPort</c>.
    /// </summary>
    public JsonElement? Ports { get; init; }

    /// <summary><c>bridge</c> (the default), <c>host</c>, <c>none</c>, <c>container:NAME</c>, or a network's name.</summary>
    public string? NetworkMode { get; init; }

    /// <summary>Start it at once. If it cannot start, it is removed again and the failure is the answer.</summary>
    public bool? Start { get; init; }

    /// <summary>Whether to pull the image: <c>missing</c> (the default), <c>always</c>, <c>never</c>.</summary>
    public string? Pull { get; init; }

    /// <summary>The engine to make it on; without it the first one.</summary>
    public string? Engine { get; init; }
}

/// <summary>A container that was made.</summary>
/// <param name="Id">64 hex digits.</param>
/// <param name="Name">Its name, the given one or the engine's.</param>
/// <param name="Warnings">What the engine found odd about it.</param>
public sealed record ContainerCreated(string Id, string Name, IReadOnlyList<string> Warnings);

internal static class PullModes
{
    public const string Missing = "missing";
    public const string Always = "always";
    public const string Never = "never";

    public static readonly IReadOnlyList<string> All = [Missing, Always, Never];
}

internal sealed partial class CreateContainerRequestValidator : AbstractValidator<CreateContainerRequest>
{
    public CreateContainerRequestValidator()
    {
        RuleFor(r => r.Image).Cascade(CascadeMode.Stop).NotEmpty().WithMessage("must be given.").ImageReference();
        RuleFor(r => r.Image).Must(i => ImageReference.TryParse(i, out _) || !ImageNameOrId.TryParse(i, out _)).When(r => r.Image is not null && r.Pull == PullModes.Always)
            .WithErrorCode(ErrorCode.InvalidReference.Code).WithMessage("is an id, and an id cannot be pulled.");
        RuleFor(r => r.Name).Must(n => n is null || NewName.IsMatch(n))
            .WithMessage("must be 2 to 255 letters, digits, '_', '.' and '-', the first a letter or digit.");
        RuleFor(r => r.NetworkMode).Must(m => m is null || Network.IsMatch(m))
            .WithMessage("must be bridge, host, none, container:NAME or a network's name.");
        RuleFor(r => r.Pull).OneOf(PullModes.All);
        RuleFor(r => r.Command).Custom((v, context) => Report(ContainerSpecReader.Command(v).Error, context));
        RuleFor(r => r.Environment).Custom((v, context) => Report(ContainerSpecReader.Pairs(v).Error, context));
        RuleFor(r => r.Labels).Custom((v, context) => Report(ContainerSpecReader.Pairs(v).Error, context));
        RuleFor(r => r.Ports).Custom((v, context) => Report(ContainerSpecReader.Ports(v).Error, context));
    }

    private static void Report(string? error, ValidationContext<CreateContainerRequest> context)
    {
        if (error is not null)
        {
            context.AddFailure(error);
        }
    }

    /// <summary>A new name is longer than one character (moby <c>daemon/names</c>).</summary>
    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NewName { get; }

    [GeneratedRegex(@"^(?:container:)?[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Network { get; }
}

/// <summary>The parameters of <c>POST /containers/{container}/stop</c> and <c>/restart</c>.</summary>
internal sealed record StopQuery(
    ContainerSelector Selector,
    [Parameter("Seconds before the container is killed; 0 kills it at once. Default: the container's own timeout, or 10.", Min = 0, Max = 3600)]
    TimeSpan? Timeout);

/// <summary>The parameters of <c>DELETE /containers/{container}</c>.</summary>
internal sealed record RemoveContainerQuery(
    ContainerSelector Selector,
    [Parameter("Whether to kill the container if it is running.", Default = "false")]
    bool Force,
    [Parameter("Whether to remove the container's anonymous volumes, too.", Default = "false")]
    bool Volumes);
