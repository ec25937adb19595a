using ContainerApi.Access;

namespace ContainerApi.Containers;

/// <summary>Redacts secrets in command lines and labels for callers without the scope <c>containers:secrets</c>.</summary>
internal sealed class ContainerRedactor(SecuritySettings settings)
{
    public ContainerCollection For(Caller caller, ContainerCollection collection) =>
        caller.SeesSecrets ? collection : collection with { Rows = [.. collection.Rows.Select(Redact)] };

    public Func<ContainerRow, ContainerRow> For(Caller caller) => caller.SeesSecrets ? r => r : Redact;

    private ContainerRow Redact(ContainerRow row)
    {
        var redactor = settings.Redactor;
        return row with
        {
            Facts = row.Facts with { Command = redactor.Text(row.Facts.Command), Labels = redactor.Values(row.Facts.Labels) },
            Processes = row.Processes is { Items: { } items } processes
                ? processes with { Items = [.. items.Select(p => p with { Command = redactor.Text(p.Command) })] }
                : row.Processes,
        };
    }
}
