using ContainerApi.Access;

namespace ContainerApi.Containers;

/// <summary>Redacts secrets in command lines and labels for callers without the scope <c>containers:secrets</c>.</summary>
internal sealed class ContainerRedactor(SecuritySettings settings)
{
    /// <summary>
    /// Returns the redaction of facts; null for a caller who sees secrets. It comes before filters, order and pages: they would reveal
    /// whether a redacted value is equal to, or less than, another.
    /// </summary>
    public Func<ContainerFacts, ContainerFacts>? OfFacts(Caller caller) => caller.SeesSecrets ? null : Redact;

    /// <summary>Redacts the processes of a collection whose facts are redacted.</summary>
    public ContainerCollection For(Caller caller, ContainerCollection collection) =>
        caller.SeesSecrets ? collection : collection with { Rows = [.. collection.Rows.Select(RedactProcesses)] };

    public Func<ContainerRow, ContainerRow> For(Caller caller) =>
        caller.SeesSecrets ? r => r : row => RedactProcesses(row with { Facts = Redact(row.Facts) });

    private ContainerFacts Redact(ContainerFacts facts) => facts with
    {
        Command = settings.Redactor.Text(facts.Command),
        Labels = settings.Redactor.Values(facts.Labels),
    };

    private ContainerRow RedactProcesses(ContainerRow row) => row.Processes is { Items: { } items } processes
        ? row with { Processes = processes with { Items = [.. items.Select(p => p with { Command = settings.Redactor.Text(p.Command) })] } }
        : row;
}
