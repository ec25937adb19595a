using System.Text.RegularExpressions;
using ContainerApi.Api;
using ContainerApi.Api.OpenApi;
using FluentValidation;
using Microsoft.AspNetCore.Mvc;

namespace ContainerApi.Containers;

/// <summary>What the list of containers and the watch have in common: which containers are wanted, and which sections of them, as text.</summary>
internal abstract record ContainerListQuery
{
    /// <summary>Also containers that do not run; default false.</summary>
    [QueryValue("boolean", Default = "false")]
    [FromQuery(Name = "all")] public string? All { get; init; }

    /// <summary>States, separated by commas; implies <c>all</c>.</summary>
    [QueryValue(Example = "running,paused")]
    [FromQuery(Name = "state")] public string? State { get; init; }

    /// <summary>Results of health checks, separated by commas; <c>none</c> is without a check.</summary>
    [QueryValue(Example = "unhealthy")]
    [FromQuery(Name = "health")] public string? Health { get; init; }

    /// <summary>A part of the name.</summary>
    [QueryValue(Example = "web")]
    [FromQuery(Name = "name")] public string? Name { get; init; }

    /// <summary>Made from this image, or from one that descends from it.</summary>
    [QueryValue(Example = "busybox:latest")]
    [FromQuery(Name = "image")] public string? Image { get; init; }

    /// <summary><c>key</c> or <c>key=value</c>; given several times, all must hold.</summary>
    [FromQuery(Name = "label")] public string[]? Label { get; init; }

    /// <summary>In the network of this name or id.</summary>
    [FromQuery(Name = "network")] public string? Network { get; init; }

    /// <summary>With this port, inside or published: <c>80</c> or <c>80/tcp</c>.</summary>
    [QueryValue(Example = "80/tcp")]
    [FromQuery(Name = "port")] public string? Port { get; init; }

    /// <summary>On this engine; may be given several times. Default: all.</summary>
    [FromQuery(Name = "engine")] public string[]? Engine { get; init; }

    /// <summary>Sections to read: <c>processes</c>, <c>network</c>, <c>usage</c>, or <c>none</c>. Default: all three.</summary>
    [QueryValue(Example = "processes,network")]
    [FromQuery(Name = "include")] public string? Include { get; init; }

    /// <summary>What the text means; it is validated.</summary>
    protected ContainerRequest Select(ContainerSections sections)
    {
        PortFilter? port = null;
        _ = Port is not null && PortFilter.TryParse(Port, out port);
        return new ContainerRequest
        {
            Engines = Engine ?? [],
            All = Rules.ToBoolean(All),
            States = ContainerRules.List(State),
            Healths = ContainerRules.List(Health),
            Name = Name,
            Image = Image,
            Labels = Label ?? [],
            Network = Network,
            Port = port,
            Sections = sections,
        };
    }
}

internal sealed partial class ContainerListRules : AbstractValidator<ContainerListQuery>
{
    public ContainerListRules()
    {
        RuleFor(q => q.All).Boolean();
        RuleFor(q => q.State).SomeOf(ContainerStates.All);
        RuleFor(q => q.Health).SomeOf("starting", "healthy", "unhealthy", "none");
        RuleFor(q => q.Name).Must(n => n is null || NamePart.IsMatch(n))
            .WithMessage("must be a part of a container's name: letters, digits, '_', '.' and '-'.");
        RuleFor(q => q.Image).Must(i => i is null || ImageReference.NamesAnImage(i))
            .WithMessage("must be an image's name or id.");
        RuleFor(q => q.Label).Must(l => l is null || l.All(v => v.Length is > 0 and <= 4096 && v[0] != '='))
            .WithMessage("must be key or key=value.");
        RuleFor(q => q.Network).ContainerReference()
            .WithMessage("must be a network's name or id: letters, digits, '_', '.' and '-', the first a letter or digit.");
        RuleFor(q => q.Port).Must(p => p is null || PortFilter.TryParse(p, out _))
            .WithMessage("must be a port from 1 to 65535, with /tcp, /udp or /sctp behind it for one protocol.");
        RuleFor(q => q.Include).Included();
    }

    /// <summary>Any part of a name; the engine's own may begin with each of its characters but the first.</summary>
    [GeneratedRegex(@"^[a-zA-Z0-9_.-]{1,255}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePart { get; }
}
