/** Shallow copies of Node's modules, so that what one process puts on them dies with it. */

const copied = new WeakMap<object, PropertyDescriptorMap>();

/** Own properties as they are, getters included; on a fresh object that can be written to. */
export function copyOf(real: object, changes: object = {}): object {
  let descriptors = copied.get(real);
  if (descriptors === undefined) {
    descriptors = descriptorsOf(real);
    for (const descriptor of Object.values(descriptors)) {
      descriptor.configurable = true;
      if ('value' in descriptor) descriptor.writable = true;
    }
    copied.set(real, descriptors);
  }
  return Object.defineProperties({}, { ...descriptors, ...descriptorsOf(changes) });
}

function descriptorsOf(of: object): PropertyDescriptorMap {
  const descriptors: PropertyDescriptorMap = {};
  for (const key of Reflect.ownKeys(of)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(of, key);
    if (descriptor !== undefined) descriptors[key] = descriptor;
  }
  return descriptors;
}
