// A provider of OpenID Connect on loopback, for tests: whoever names themselves is let in.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const settings = JSON.parse(process.env.PROVIDER_SETTINGS);
const algorithm = settings.algorithm ?? "RS256";
const { privateKey } = algorithm.startsWith("ES")
  ? generateKeyPairSync("ec", { namedCurve: "P-256" })
  : generateKeyPairSync("rsa", { modulusLength: 2048 });
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: settings.client_id,
        client_secret: settings.client_secret,
        redirect_uris: settings.redirect_uris,
        token_endpoint_auth_method: settings.auth_method ?? "client_secret_basic",
        id_token_signed_response_alg: algorithm,
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: algorithm, use: "sig" }] },
    enabledJWA: { idTokenSigningAlgValues: [algorithm] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
    conformIdTokenClaims: settings.conform ?? true,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, ...(settings.people[id] ?? {}) }),
    }),
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
