global using System.Diagnostics.CodeAnalysis;
global using System.Globalization;
global using System.Text;
global using System.Text.Json;
global using System.Text.RegularExpressions;
global using ContainerApi.Engine.Facts;
global using ContainerApi.Errors;
global using FluentValidation;
