//! Reads what is exported, in either format, into the same slices, marks and arrows, and checks what holds of all.
//!
//! Perfetto's numbers stand here a second time, as its `protos/perfetto/trace/` has them, and are not those of the crate.

use std::collections::{BTreeMap, HashMap};

use prost::Message;
use serde_json::Value;

/// An exported timeline. Times are nanoseconds.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Exported {
    /// By the name of the track.
    pub(crate) tracks: BTreeMap<String, Vec<Slice>>,
    pub(crate) marks: Vec<(String, String, u64)>,
    /// From a slice, which is a track and a number, to another.
    pub(crate) arrows: Vec<((String, usize), (String, usize))>,
    /// The states of tasks, one after the other, by the number of the task.
    pub(crate) tasks: Vec<Vec<(String, u64, u64)>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slice {
    pub(crate) name: String,
    pub(crate) begins: u64,
    pub(crate) ends: u64,
    pub(crate) task: Option<u64>,
    pub(crate) place: Option<String>,
    pub(crate) is_exact: bool,
    pub(crate) is_finished: bool,
}

impl Exported {
    pub(crate) fn slices(&self) -> impl Iterator<Item = &Slice> {
        self.tracks.values().flatten()
    }

    pub(crate) fn slice(&self, at: &(String, usize)) -> &Slice {
        &self.tracks[&at.0][at.1]
    }

    /// The slices of a track follow each other, and the states of a task; an arrow leads forwards.
    pub(crate) fn check(&self) {
        for (track, slices) in &self.tracks {
            assert!(slices.iter().all(|slice| slice.begins <= slice.ends), "{track}: {slices:?}");
            assert!(slices.windows(2).all(|pair| pair[0].ends <= pair[1].begins), "{track}: {slices:?}");
        }
        for states in &self.tasks {
            assert!(states.iter().all(|(_, begins, ends)| begins < ends), "{states:?}");
            assert!(states.windows(2).all(|pair| pair[0].2 <= pair[1].1), "{states:?}");
        }
        for (from, to) in &self.arrows {
            assert!(self.slice(from).begins < self.slice(to).begins, "{from:?} to {to:?}");
        }
    }
}

fn nanos(value: &Value) -> u64 {
    (value.as_f64().unwrap() * 1e3).round() as u64
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Reads Chrome's JSON.
pub(crate) fn chrome(json: &[u8]) -> Exported {
    let json: Value = serde_json::from_slice(json).unwrap();
    let entries = json["traceEvents"].as_array().unwrap();
    let of = |ph: &'static str| entries.iter().filter(move |entry| entry["ph"] == ph);
    let named = of("M").filter(|entry| entry["name"] == "thread_name");
    let tracks: HashMap<_, _> = named.map(|entry| (entry["tid"].as_u64(), text(&entry["args"]["name"]))).collect();
    let track = |entry: &Value| tracks[&entry["tid"].as_u64()].clone();
    let mut exported = Exported::default();
    for entry in of("X") {
        let (begins, args) = (nanos(&entry["ts"]), &entry["args"]);
        let slice = Slice {
            name: text(&entry["name"]),
            begins,
            ends: begins + nanos(&entry["dur"]),
            task: args["task"].as_str().map(|task| u64::from_str_radix(&task[2..], 16).unwrap()),
            place: args["place"].as_str().map(str::to_owned),
            is_exact: args["exact"].as_bool().unwrap(),
            is_finished: args["end"].is_null(),
        };
        exported.tracks.entry(track(entry)).or_default().push(slice);
    }
    exported.marks = of("i").map(|entry| (track(entry), text(&entry["name"]), nanos(&entry["ts"]))).collect();
    // An end is bound to the last slice that has begun by then, and goes on.
    let bound = |entry: &Value| {
        let (track, at) = (track(entry), nanos(&entry["ts"]));
        let index = exported.tracks[&track].iter().rposition(|slice| slice.begins <= at && at < slice.ends);
        let index = index.unwrap_or_else(|| panic!("no slice on {track} at {at}"));
        (track, index)
    };
    let ends: HashMap<_, _> = of("f").map(|entry| (entry["id"].as_u64(), entry)).collect();
    let mut arrows = Vec::new();
    for start in of("s") {
        let end = ends[&start["id"].as_u64()];
        assert!(end["bp"] == "e" && nanos(&start["ts"]) <= nanos(&end["ts"]), "{start} {end}");
        let (from, to) = (bound(start), bound(end));
        assert_eq!(exported.tracks[&to.0][to.1].begins, nanos(&end["ts"]), "{end}");
        arrows.push((from, to));
    }
    assert_eq!(arrows.len(), ends.len());
    exported.arrows = arrows;
    exported.tasks = chrome_tasks(entries);
    exported
}

fn chrome_tasks(entries: &[Value]) -> Vec<Vec<(String, u64, u64)>> {
    let mut open = BTreeMap::<u64, Vec<(String, u64)>>::new();
    let mut tasks = BTreeMap::<u64, Vec<_>>::new();
    for entry in entries.iter().filter(|entry| entry["cat"] == "task") {
        let (id, name, at) = (entry["id"].as_u64().unwrap(), text(&entry["name"]), nanos(&entry["ts"]));
        let open = open.entry(id).or_default();
        if entry["ph"] == "b" {
            open.push((name, at));
            continue;
        }
        let (begun, begins) = open.pop().unwrap();
        assert_eq!((begun, entry["ph"].as_str()), (name.clone(), Some("e")));
        // The outermost is the whole task.
        if !open.is_empty() {
            tasks.entry(id).or_default().push((name, begins, at));
        }
    }
    assert!(open.values().all(Vec::is_empty));
    tasks.into_values().collect()
}

#[derive(Message)]
struct Trace {
    #[prost(message, repeated, tag = "1")]
    packet: Vec<TracePacket>,
}

#[derive(Message)]
struct TracePacket {
    #[prost(uint64, optional, tag = "8")]
    timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "10")]
    trusted_packet_sequence_id: Option<u32>,
    #[prost(message, optional, tag = "11")]
    track_event: Option<TrackEvent>,
    #[prost(message, optional, tag = "12")]
    interned_data: Option<InternedData>,
    #[prost(message, optional, tag = "60")]
    track_descriptor: Option<TrackDescriptor>,
}

#[derive(Message)]
struct TrackEvent {
    #[prost(message, repeated, tag = "4")]
    debug_annotations: Vec<DebugAnnotation>,
    #[prost(int32, optional, tag = "9")]
    r#type: Option<i32>,
    #[prost(uint64, optional, tag = "10")]
    name_iid: Option<u64>,
    #[prost(uint64, optional, tag = "11")]
    track_uuid: Option<u64>,
    #[prost(fixed64, repeated, packed = "false", tag = "47")]
    flow_ids: Vec<u64>,
    #[prost(fixed64, repeated, packed = "false", tag = "48")]
    terminating_flow_ids: Vec<u64>,
}

#[derive(Message)]
struct DebugAnnotation {
    #[prost(uint64, optional, tag = "1")]
    name_iid: Option<u64>,
    #[prost(bool, optional, tag = "2")]
    bool_value: Option<bool>,
    #[prost(uint64, optional, tag = "7")]
    pointer_value: Option<u64>,
    #[prost(uint64, optional, tag = "17")]
    string_value_iid: Option<u64>,
}

#[derive(Message)]
struct InternedData {
    #[prost(message, repeated, tag = "2")]
    event_names: Vec<InternedString>,
    #[prost(message, repeated, tag = "3")]
    debug_annotation_names: Vec<InternedString>,
    #[prost(message, repeated, tag = "29")]
    debug_annotation_string_values: Vec<InternedString>,
}

/// `EventName`, `DebugAnnotationName` and `InternedString`.
#[derive(Message)]
struct InternedString {
    #[prost(uint64, optional, tag = "1")]
    iid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
}

#[derive(Message)]
struct TrackDescriptor {
    #[prost(uint64, optional, tag = "1")]
    uuid: Option<u64>,
    #[prost(message, optional, tag = "4")]
    thread: Option<ThreadDescriptor>,
    #[prost(uint64, optional, tag = "5")]
    parent_uuid: Option<u64>,
}

#[derive(Message)]
struct ThreadDescriptor {
    #[prost(int32, optional, tag = "2")]
    tid: Option<i32>,
    #[prost(string, optional, tag = "5")]
    thread_name: Option<String>,
}

fn by_iid(strings: Vec<InternedString>) -> HashMap<Option<u64>, String> {
    strings.into_iter().map(|string| (string.iid, string.name.unwrap())).collect()
}

/// Reads Perfetto's protobuf.
pub(crate) fn perfetto(bytes: &[u8]) -> Exported {
    let mut packets = Trace::decode(bytes).unwrap().packet;
    assert!(packets.iter().all(|packet| packet.trusted_packet_sequence_id == Some(1)));
    let interned = packets[0].interned_data.take().unwrap();
    let (events, keys) = (by_iid(interned.event_names), by_iid(interned.debug_annotation_names));
    let strings = by_iid(interned.debug_annotation_string_values);
    let descriptors = packets.iter().filter_map(|packet| packet.track_descriptor.as_ref());
    let threads: HashMap<_, _> =
        descriptors.filter_map(|track| Some((track.uuid, track.thread.as_ref()?.thread_name.clone()?))).collect();
    let mut exported = Exported::default();
    let (mut tasks, mut open) = (BTreeMap::<_, Vec<_>>::new(), HashMap::new());
    let (mut starts, mut ends) = (BTreeMap::new(), HashMap::new());
    for packet in &packets {
        let Some((event, at)) = packet.track_event.as_ref().zip(packet.timestamp) else { continue };
        let name = event.name_iid.map(|_| events[&event.name_iid].clone());
        let thread = threads.get(&event.track_uuid);
        match (event.r#type, thread) {
            (Some(1), _) => {
                assert!(open.insert(event.track_uuid, (name.unwrap(), at, event)).is_none());
                let index = thread.map_or(0, |thread| exported.tracks.get(thread).map_or(0, Vec::len));
                let here = (thread.cloned().unwrap_or_default(), index);
                starts.extend(event.flow_ids.iter().map(|&id| (id, here.clone())));
                ends.extend(event.terminating_flow_ids.iter().map(|&id| (id, here.clone())));
            }
            (Some(2), None) => {
                let (name, begins, _) = open.remove(&event.track_uuid).unwrap();
                tasks.entry(event.track_uuid).or_default().push((name, begins, at));
            }
            (Some(2), Some(thread)) => {
                let (name, begins, begun) = open.remove(&event.track_uuid).unwrap();
                let slices = exported.tracks.entry(thread.clone()).or_default();
                slices.push(slice((name, begins, at), begun, &keys, &strings));
            }
            (Some(3), Some(thread)) => exported.marks.push((thread.clone(), name.unwrap(), at)),
            _ => panic!("{event:?}"),
        }
    }
    assert!(open.is_empty());
    assert_eq!(starts.len(), ends.len());
    exported.arrows = starts.into_iter().map(|(id, from)| (from, ends[&id].clone())).collect();
    exported.tasks = tasks.into_values().collect();
    exported
}

fn slice(
    (name, begins, ends): (String, u64, u64),
    event: &TrackEvent,
    keys: &HashMap<Option<u64>, String>,
    strings: &HashMap<Option<u64>, String>,
) -> Slice {
    let arg = |key: &str| event.debug_annotations.iter().find(|annotation| keys[&annotation.name_iid] == key);
    Slice {
        name,
        begins,
        ends,
        task: arg("task").and_then(|annotation| annotation.pointer_value),
        place: arg("place").map(|annotation| strings[&annotation.string_value_iid].clone()),
        is_exact: arg("exact").and_then(|annotation| annotation.bool_value).unwrap(),
        is_finished: arg("end").is_none(),
    }
}

/// Exports `recording` both ways, which must say the same, and checks it.
pub(crate) fn exported(recording: &fusee::insight::recording::Recording) -> Exported {
    let timeline = fusee_trace::Timeline::new(recording);
    let (mut json, mut protobuf) = (Vec::new(), Vec::new());
    timeline.write_chrome(&mut json, true).unwrap();
    timeline.write_perfetto(&mut protobuf, true).unwrap();
    let exported = chrome(&json);
    exported.check();
    assert_eq!(exported, perfetto(&protobuf));
    exported
}
