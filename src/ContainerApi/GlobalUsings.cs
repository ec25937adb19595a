global using ContainerApi.Engine.Facts;
global using ContainerApi.Errors;
