// Security keys by WebAuthn: asks the browser for a new key, or for the answer of one.

/** @typedef {Record<string, any>} Options The options in JSON, as the API gives them: binary values are base64url. */

/** Whether this browser offers security keys on this page, which must be loaded by HTTPS or from this machine. */
export const offered = () => 'PublicKeyCredential' in globalThis;

/** @param {string} text */
function bytes(text) {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function base64url(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** @param {Options[]} [credentials] */
const named = (credentials = []) => credentials.map(({ id, ...more }) => ({ ...more, id: bytes(id) }));

/**
 * The answer of a key, as JSON.
 * @param {PublicKeyCredential} credential
 * @param {Record<string, any>} response
 */
const answerOf = ({ id, rawId, type }, response) => ({ id, rawId: base64url(rawId), type, response });

/**
 * Register a new key.
 * @param {Options} options
 * @returns {Promise<Options>}
 * @throws {DOMException} The person did not, or the key is known.
 */
export async function createKey(options) {
  const publicKey = /** @type {any} */ ({
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: named(options.excludeCredentials),
  });
  const credential = /** @type {PublicKeyCredential} */ (await navigator.credentials.create({ publicKey }));
  const response = /** @type {AuthenticatorAttestationResponse} */ (credential.response);
  return answerOf(credential, {
    clientDataJSON: base64url(response.clientDataJSON),
    attestationObject: base64url(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  });
}

/**
 * Have one of the person's keys sign the challenge.
 * @param {Options} options
 * @returns {Promise<Options>}
 * @throws {DOMException} The person did not.
 */
export async function useKey(options) {
  const publicKey = /** @type {any} */ ({
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: named(options.allowCredentials),
  });
  const credential = /** @type {PublicKeyCredential} */ (await navigator.credentials.get({ publicKey }));
  const response = /** @type {AuthenticatorAssertionResponse} */ (credential.response);
  return answerOf(credential, {
    clientDataJSON: base64url(response.clientDataJSON),
    authenticatorData: base64url(response.authenticatorData),
    signature: base64url(response.signature),
  });
}
