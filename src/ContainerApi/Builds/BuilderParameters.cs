using ContainerApi.Api.Requests;

namespace ContainerApi.Builds;

/// <summary>The parameters of a build that the service passes to the builder.</summary>
internal sealed record BuilderParameters(
    [Parameter("An image to use as cache source: its name, or `type=registry,ref=NAME`; repeatable.", ErrorCode = "invalid_reference")]
    IReadOnlyList<CacheSource> CacheFrom,
    [Parameter("Where BuildKit writes its cache: `type=inline` into the image, or `type=registry,ref=NAME` with `mode=min` or `mode=max` (the "
        + "steps of all stages); repeatable. A registry needs an engine with the containerd image store.")]
    IReadOnlyList<CacheTarget> CacheTo,
    [Parameter("The size of `/dev/shm` in `RUN` steps: a number of bytes, or with a unit.", Example = "64m")]
    ByteSize? ShmSize,
    [Parameter("A limit of the processes of `RUN` steps, `name=soft:hard`; repeatable.", QueryName = "ulimit",
        Example = "nofile=1024:2048", MaxItems = 20)]
    IReadOnlyList<StepUlimit> Ulimits,
    [Parameter("The memory of a `RUN` step: a number of bytes, or with a unit. Only the classic builder has this limit.", Example = "512m")]
    ByteSize? Memory,
    [Parameter("The parent cgroup of `RUN` steps.", Pattern = @"(?!.*\.\.)[a-zA-Z0-9/_.:-]{1,255}",
        Expected = "must be a cgroup: at most 255 letters, digits, '/', '_', '.', ':' and '-', without '..'.")]
    string? CgroupParent,
    [Parameter("An annotation of the image's manifest, `key=value`; repeatable. In JSON an object of keys and values. Needs an engine with the "
        + "containerd image store.", QueryName = "annotation", IsObject = true, Pattern = @"[a-zA-Z0-9][a-zA-Z0-9._/-]{0,254}=[^\0]*",
        Expected = "must be key=value. The key has letters, digits, '.', '_', '/' and '-'.")]
    IReadOnlyList<string> Annotations,
    [Parameter("The provenance attestation of the image: `min`, or `max` with the Dockerfile and all parameters. It changes the image's "
        + "digest. Needs an engine with the containerd image store.", Default = "none", Booleans = ["none", "min"])]
    Provenance Provenance,
    [Parameter("Whether the image gets an attestation with a list of its software, by a scanner that the engine pulls. It changes the image's "
        + "digest. Needs an engine with the containerd image store.", Default = "false")]
    bool Sbom,
    [Parameter("What the build makes. `image` is an image in the engine. With the others the response is a tar archive: `tar` (or `local`) has the "
        + "files of the result, `oci` an image in OCI's layout, which needs an engine with the containerd image store. The header `Build-Id` names "
        + "the build, whose events are at `/builds/ID/events`. An error before the first byte is a problem as with `mode=wait`; after it, the "
        + "connection is cut.", Default = "image")]
    RequestedOutput Output,
    [Parameter("Whether BuildKit checks the Dockerfile in place of building it. Each finding is a `warning` with its rule; nothing is built.",
        Default = "false")]
    bool Check)
{
    public BuildSpec AddTo(BuildSpec spec) => spec with
    {
        CacheFrom = [.. CacheFrom.Select(source => source.Image)],
        CacheTo = CacheTo,
        ShmSize = ShmSize?.Bytes,
        Ulimits = [.. Ulimits.Reverse().DistinctBy(limit => limit.Name).Reverse()],
        Memory = Memory?.Bytes,
        CgroupParent = CgroupParent,
        Annotations = BuildRequest.Pairs(Annotations).ToDictionary(p => p.Key, p => p.Value ?? ""),
        Provenance = Provenance,
        Sbom = Sbom,
        IsCheck = Check,
        Output = Output switch
        {
            RequestedOutput.Image => BuildOutput.Image,
            RequestedOutput.Oci => BuildOutput.Oci,
            _ => BuildOutput.Tar,
        },
    };
}

/// <summary>The values of the parameter <c>output</c>; <c>local</c> is what Docker's command line writes into a directory.</summary>
internal enum RequestedOutput
{
    Image,
    Tar,
    Oci,
    Local,
}
