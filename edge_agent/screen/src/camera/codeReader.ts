/*
 * Reads codes off pictures, in a worker of its own so that the page stays quick. The reader is WebAssembly (zxing-cpp)
 * served by the box. A code comes with its AIM identifier in front and GS kept, as of a good scanner.
 */
import { type ReaderOptions, prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";

/** What the reader says: the code in the picture if there is one; `broken`: there is no reader. */
export type Said = { code: string | null } | { broken: string };

const OPTIONS: ReaderOptions = {
  formats: ["EANUPC", "Code128", "ITF14", "DataBar", "DataMatrix", "QRCode"],
  eanAddOnSymbol: "Ignore",
  maxNumberOfSymbols: 1,
};

prepareZXingModule({ overrides: { locateFile: () => wasm } });

addEventListener("message", ({ data }: MessageEvent<ImageData>) => void read(data).then((said) => postMessage(said)));

async function read(picture: ImageData): Promise<Said> {
  try {
    const [found] = await readBarcodes(picture, OPTIONS);
    return { code: found ? found.symbologyIdentifier + new TextDecoder().decode(found.bytes) : null };
  } catch (error) {
    return { broken: String(error) };
  }
}
