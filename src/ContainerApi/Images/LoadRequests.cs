using ContainerApi.Api;
using ContainerApi.Api.Requests;

namespace ContainerApi.Images;

/// <summary>The parameters of <c>POST /images/load</c>.</summary>
internal sealed record LoadRequest(
    [Parameter(EngineName.OfWrite)]
    EngineName? Engine,
    [Parameter(StreamParameters.Format, Allowed = ["ndjson", "sse"])]
    StreamFormat? Format);

/// <summary>The parameters of <c>POST /images/import</c>.</summary>
internal sealed record ImportRequest(
    [Parameter("The image's name, as in `localhost:5000/team/app:v1`; without a tag, `latest`. Default: no name.", ErrorCode = "invalid_reference")]
    ImageName? Tag,
    [Parameter("A Dockerfile instruction to apply, repeatable: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, USER, VOLUME or WORKDIR.",
        QueryName = "change", Pattern = @"[^\r\n\0]*", Expected = "must have one instruction on one line in each item.")]
    IReadOnlyList<string> Changes,
    [Parameter("The comment in the image's history. Default: the engine's text.", Pattern = @"[\s\S]{0,4096}",
        Expected = "must not be longer than 4096 characters.")]
    string? Message,
    [Parameter("The platform of the files, as in `linux/arm64/v8`. Default: the engine's own.", Pattern = ImagePlatform.Pattern,
        Expected = ImagePlatform.Expected)]
    string? Platform,
    [Parameter(EngineName.OfWrite)]
    EngineName? Engine);

internal sealed class ImportRequestValidator : AbstractValidator<ImportRequest>
{
    public ImportRequestValidator()
    {
        RuleFor(r => r.Tag).NoIpv6Host();
        RuleFor(r => r.Changes).AreShort();
        RuleForEach(r => r.Changes).IsInstruction();
    }
}
