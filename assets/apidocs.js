// The description of the API, to read and to try (https://github.com/swagger-api/swagger-ui).
window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#apidocs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  // Asks nobody elsewhere what they think of it.
  validatorUrl: null,
});
