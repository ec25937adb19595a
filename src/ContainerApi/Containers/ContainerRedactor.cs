using ContainerApi.Access;

namespace ContainerApi.Containers;

/// <summary>Hides from callers without <c>containers:secrets</c> what the mask patterns find in command lines and labels.</summary>
internal sealed class ContainerRedactor(SecuritySettings settings)
{
    public ContainerList For(Caller caller, ContainerList list) =>
        caller.SeesSecrets ? list : list with { Items = [.. list.Items.Select(Hide)] };

    public Func<Container, Container> For(Caller caller) => caller.SeesSecrets ? c => c : Hide;

    private Container Hide(Container container)
    {
        var masks = settings.Redactor;
        return container with
        {
            Command = masks.Text(container.Command),
            Labels = masks.Values(container.Labels),
            Processes = container.Processes is { Items: { } items } processes
                ? processes with { Items = [.. items.Select(p => p with { Command = masks.Text(p.Command) })] }
                : container.Processes,
        };
    }
}
