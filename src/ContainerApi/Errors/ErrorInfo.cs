namespace ContainerApi.Errors;

/// <summary>Why an engine, a component or a transfer failed, where the response as a whole has another status.</summary>
/// <param name="Code" example="engine_unavailable">A stable code, such as the code of a problem.</param>
/// <param name="Message">The reason in words.</param>
public sealed record ErrorInfo(string Code, string Message)
{
    internal static ErrorInfo Of(ApiException failure) => new(failure.Code.Code, failure.Message);
}
