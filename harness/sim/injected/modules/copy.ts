/** Shallow copies of Node's modules, so that what one process puts on them dies with it. */

const copied = new WeakMap<object, PropertyDescriptorMap>();

/** Own properties as they are, getters included; on a fresh object that can be written to. */
export function copyOf(real: object, changes: object = {}): object {
  let descriptors = copied.get(real);
  if (descriptors === undefined) {
    descriptors = Object.getOwnPropertyDescriptors(real) as PropertyDescriptorMap;
    for (const descriptor of Object.values(descriptors)) {
      descriptor.configurable = true;
      if ('value' in descriptor) descriptor.writable = true;
    }
    copied.set(real, descriptors);
  }
  return Object.defineProperties(
    {},
    { ...descriptors, ...(Object.getOwnPropertyDescriptors(changes) as PropertyDescriptorMap) },
  );
}
