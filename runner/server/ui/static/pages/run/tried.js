// What a button does may fail: then it says so.
import { toast } from "../../lib/dialog.js";

/** @param {() => Promise<any>} act */
export async function tried(act) {
  try {
    await act();
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
  }
}
