namespace ContainerApi.Engine.Docker.Builders.BuildKit;

/// <summary>Converts a build to a request to BuildKit, in the terms of its Dockerfile frontend.</summary>
internal static class SolveRequests
{
    private const string HostGateway = "host-gateway";

    /// <summary>An image in the engine's own store, whichever the engine has.</summary>
    private const string ImageExporter = "moby";

    /// <param name="context">The address of the context; null for the session's directories.</param>
    /// <param name="hostGateway">What <c>host-gateway</c> stands for; null if no host of the build needs it.</param>
    public static SolveRequest Create(BuildSpec spec, string reference, string session, string? context, string? hostGateway)
    {
        var request = new SolveRequest
        {
            Ref = reference,
            Session = session,
            Frontend = "dockerfile.v0",
            Cache = new CacheOptions(),
        };
        var attributes = request.FrontendAttrs;
        Add("context", context);
        // Otherwise the Dockerfile is that of the context.
        Add("dockerfilekey", spec.DockerfileText is null ? null : "dockerfile");
        attributes["image-resolve-mode"] = spec.Pull ? "pull" : "default";
        Add("filename", spec.Dockerfile);
        Add("target", spec.Target);
        Add("platform", spec.Platform);
        Add("no-cache", spec.NoCache ? "" : null);
        Add("cache-from", Join(spec.CacheFrom.Select(image => image.Value)));
        Add("add-hosts", Join(spec.ExtraHosts.Select(host => ToHost(host, hostGateway))));
        Add("shm-size", spec.ShmSize?.ToString(CultureInfo.InvariantCulture));
        Add("ulimit", Join(spec.Ulimits.Select(limit => limit.ToString())));
        Add("cgroup-parent", spec.CgroupParent);
        Add("attest:provenance", spec.Provenance == Provenance.None ? null : "mode=" + spec.Provenance.ToString().ToLowerInvariant());
        Add("attest:sbom", spec.Sbom ? "" : null);
        // BuildKit uses the bridge by default and has no name for it.
        Add("force-network-mode", spec.Network is "host" or "none" ? spec.Network : null);
        foreach (var (name, value) in spec.BuildArguments)
        {
            Add("build-arg:" + name, value);
        }

        foreach (var (name, address) in spec.Contexts)
        {
            Add("context:" + name, address);
        }

        foreach (var (name, value) in spec.Labels)
        {
            Add("label:" + name, value);
        }

        if (spec.Network is "host")
        {
            request.Entitlements.Add("network.host");
        }

        var isInline = spec.BuildArguments.GetValueOrDefault("BUILDKIT_INLINE_CACHE") is "1" or "true";
        request.Cache.Exports.Add(spec.CacheTo.Concat(isInline ? [new CacheTarget(null)] : []).Distinct().Select(ToCacheExport));
        Export(
            request, spec.Output == BuildOutput.Image ? ImageExporter : spec.Output.ToString().ToLowerInvariant(),
            [("name", Join(spec.Tags.Select(tag => tag.ToString()))), .. spec.Annotations.Select(a => ("annotation." + a.Key, (string?)a.Value))]);
        return request;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                attributes[name] = value;
            }
        }
    }

    /// <summary>Whether a host of the build needs the engine's address.</summary>
    public static bool NeedsHostGateway(BuildSpec spec) => spec.ExtraHosts.Any(host => host.EndsWith(":" + HostGateway, StringComparison.Ordinal));

    private static CacheOptionsEntry ToCacheExport(CacheTarget target) => target.Registry is not { } registry
        ? new CacheOptionsEntry { Type = "inline" }
        : new CacheOptionsEntry { Type = "registry", Attrs = { ["ref"] = registry.ToString(), ["mode"] = target.IsMax ? "max" : "min" } };

    private static void Export(SolveRequest request, string type, IEnumerable<(string Name, string? Value)> attributes)
    {
        var exporter = new Exporter { Type = type };
        foreach (var (name, value) in attributes.Where(a => a.Value is not null))
        {
            exporter.Attrs[name] = value;
        }

        request.Exporters.Add(exporter);
        request.ExporterDeprecated = type;
        request.ExporterAttrsDeprecated.Add(exporter.Attrs);
    }

    /// <summary><c>name:address</c> to <c>name=address</c>.</summary>
    private static string ToHost(string host, string? hostGateway)
    {
        var (name, address) = host.Split(':', 2) is [var before, var after] ? (before, after) : (host, "");
        return name + "=" + (address == HostGateway ? hostGateway : address.Trim('[', ']'));
    }

    private static string? Join(IEnumerable<string> values) => string.Join(',', values) is { Length: > 0 } joined ? joined : null;
}
