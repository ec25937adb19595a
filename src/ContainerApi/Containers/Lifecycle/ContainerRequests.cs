using System.Text.Json;
using System.Text.RegularExpressions;
using ContainerApi.Api;
using FluentValidation;
using Microsoft.AspNetCore.Mvc;

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
        RuleFor(r => r.Image).Must(i => !ImageReference.IsId(i!)).When(r => r.Image is not null && r.Pull == PullModes.Always)
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

/// <summary>Which container to start.</summary>
internal sealed record StartQuery
{
    /// <summary>Name, id or unique id prefix.</summary>
    [FromRoute]
    public string? Container { get; init; }

    /// <summary>The engine it is on; without it all are searched.</summary>
    public string? Engine { get; init; }
}

internal sealed class StartQueryValidator : AbstractValidator<StartQuery>
{
    public StartQueryValidator() => RuleFor(q => q.Container).ContainerReference();
}

/// <summary>Which container to stop or restart, and how.</summary>
internal sealed record StopQuery
{
    /// <summary>Name, id or unique id prefix.</summary>
    [FromRoute]
    public string? Container { get; init; }

    /// <summary>Seconds before it is killed; 0 kills at once. Without it the container's own, 10 where it has none.</summary>
    public string? Timeout { get; init; }

    /// <summary>The engine it is on; without it all are searched.</summary>
    public string? Engine { get; init; }

    public TimeSpan? Grace() => Rules.ToInteger(Timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}

internal sealed class StopQueryValidator : AbstractValidator<StopQuery>
{
    public const int LongestGraceSeconds = 3600;

    public StopQueryValidator()
    {
        RuleFor(q => q.Container).ContainerReference();
        RuleFor(q => q.Timeout).Integer(0, LongestGraceSeconds);
    }
}

/// <summary>Which container to remove, and how.</summary>
internal sealed record RemoveContainerQuery
{
    /// <summary>Name, id or unique id prefix.</summary>
    [FromRoute]
    public string? Container { get; init; }

    /// <summary>Kill it first where it runs.</summary>
    public string? Force { get; init; }

    /// <summary>Remove its anonymous volumes, too.</summary>
    public string? Volumes { get; init; }

    /// <summary>The engine it is on; without it all are searched.</summary>
    public string? Engine { get; init; }
}

internal sealed class RemoveContainerQueryValidator : AbstractValidator<RemoveContainerQuery>
{
    public RemoveContainerQueryValidator()
    {
        RuleFor(q => q.Container).ContainerReference();
        RuleFor(q => q.Force).Boolean();
        RuleFor(q => q.Volumes).Boolean();
    }
}
