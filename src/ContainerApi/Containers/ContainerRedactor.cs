using ContainerApi.Access;

namespace ContainerApi.Containers;

/// <summary>Redacts secrets in command lines, labels and details for callers without the scope <c>containers:secrets</c>.</summary>
internal sealed class ContainerRedactor(SecuritySettings settings)
{
    /// <summary>
    /// Returns the redaction of facts; null for a caller who sees secrets. It comes before filters, order and pages: they would reveal
    /// whether a redacted value is equal to, or less than, another.
    /// </summary>
    public Func<ContainerFacts, ContainerFacts>? OfFacts(Caller caller) => caller.SeesSecrets ? null : Redact;

    /// <summary>Redacts the sections of a collection whose facts are redacted.</summary>
    public ContainerCollection For(Caller caller, ContainerCollection collection) =>
        caller.SeesSecrets ? collection : collection with { Rows = [.. collection.Rows.Select(RedactSections)] };

    public Func<ContainerRow, ContainerRow> For(Caller caller) =>
        caller.SeesSecrets ? r => r : row => RedactSections(row with { Facts = Redact(row.Facts) });

    private ContainerFacts Redact(ContainerFacts facts) => facts with
    {
        Command = settings.Redactor.Text(facts.Command),
        Labels = settings.Redactor.Values(facts.Labels),
    };

    private ContainerRow RedactSections(ContainerRow row) => row is { Processes.Items: null or [], Details: null } ? row : row with
    {
        Processes = row.Processes is { Items: { Count: > 0 } items } processes
            ? processes with { Items = [.. items.Select(p => p with { Command = settings.Redactor.Text(p.Command) })] }
            : row.Processes,
        Details = row.Details is null ? null : Redact(row.Details),
    };

    /// <summary>Environment values and paths of the host are secrets, whatever they are.</summary>
    private DetailsSection Redact(DetailsSection details) => details with
    {
        Error = details.Error is { } error ? error with { Message = settings.Redactor.Text(error.Message) } : null,
        Entrypoint = details.Entrypoint is { } entrypoint ? settings.Redactor.Arguments(entrypoint) : null,
        Arguments = details.Arguments is { } arguments
            ? settings.Redactor.Arguments(arguments, details.Entrypoint is [.., var last] ? last : null)
            : null,
        Environment = details.Environment is { } environment ? Redactor.Variables(environment) : null,
        Mounts = details.Mounts is { } mounts ? [.. mounts.Select(Redact)] : null,
        HealthLog = details.HealthLog is { } log ? [.. log.Select(c => c with { Output = settings.Redactor.Text(c.Output) })] : null,
    };

    private ContainerMount Redact(ContainerMount mount) => mount.Source is not { } source ? mount : mount with
    {
        Source = mount.Type is "volume" ? settings.Redactor.Text(source) : Redactor.Redacted,
    };
}
