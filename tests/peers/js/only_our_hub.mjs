// Run before each spec: a request to any host but ours fails at once, so that no result depends on
// the network. Specs that bring a fetch of their own are not touched.
const real = globalThis.fetch;
const ours = new URL(process.env.HF_ENDPOINT).host;

globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.host !== ours && url.protocol.startsWith("http")) {
    throw new TypeError(`only our hub is asked in these tests, not ${url.host}`);
  }
  return real(input, init);
};
