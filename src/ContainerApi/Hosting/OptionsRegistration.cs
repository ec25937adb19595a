using System.Text.RegularExpressions;
using FluentValidation;
using Microsoft.Extensions.Options;

namespace ContainerApi.Hosting;

/// <summary>Reads a section of the configuration and judges it at the start, so that a service with a bad one does not start.</summary>
internal static partial class OptionsRegistration
{
    /// <exception cref="OptionsValidationException">A setting is of the wrong type, not valid, or none that there is: a misspelt one would else be a limit that is not kept.</exception>
    public static T Read<T>(IConfiguration configuration, string section, IValidator<T> validator)
        where T : class, new()
    {
        var options = Bind<T>(configuration, section);
        var result = validator.Validate(options);
        return result.IsValid
            ? options
            : throw Refusal<T>(section, result.Errors.Select(e => $"{section}:{NameOf(e.PropertyName)}: {e.ErrorMessage}"));
    }

    /// <inheritdoc cref="Read{T}"/>
    public static T Bind<T>(IConfiguration configuration, string section)
        where T : class, new()
    {
        try
        {
            return configuration.GetSection(section).Get<T>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new T();
        }
        catch (InvalidOperationException e)
        {
            // Of an item of a list the outer one says only that something is wrong.
            var reason = e.InnerException is { } inner && e.Message.Contains("binding has failed", StringComparison.Ordinal) ? inner.Message : e.Message;
            throw Refusal<T>(section, [Unknown.Match(reason) is { Success: true } match ? $"{section}: there is no setting {match.Groups[1].Value} here." : reason]);
        }
    }

    private static OptionsValidationException Refusal<T>(string section, IEnumerable<string> failures) => new(section, typeof(T), failures);

    /// <summary>As the configuration writes it: <c>ApiKeys[0].Name</c> is <c>ApiKeys:0:Name</c>.</summary>
    private static string NameOf(string property) => property.Replace('[', ':').Replace("]", "", StringComparison.Ordinal).Replace('.', ':');

    /// <summary>What the binder says of settings that a type has not.</summary>
    [GeneratedRegex(@"not found on the instance of [^:]*: (.*)$")]
    private static partial Regex Unknown { get; }
}
