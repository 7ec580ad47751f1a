//! One of each noun, for every function of the store to be called with.

use super::*;

/// One of each noun.
pub(super) struct Nouns {
    pub account: Account,
    pub app: App,
    pub publication: Publication,
    pub installation: Installation,
    pub instance: Instance,
    pub thing: ThingId,
    pub request: ActionRequest,
    pub callback: CallbackId,
    pub subject: CallbackSubject,
}

impl Nouns {
    pub fn new() -> Self {
        let account = Account {
            id: AccountId::generate(),
            email: "e@h".to_owned(),
            name: "n".to_owned(),
            generation: 0,
            created_at: NOW,
        };
        let app = App {
            id: AppId::generate(),
            owner: account.id,
            name: "n".to_owned(),
            redirect_uris: vec!["https://h".to_owned()],
            generation: 0,
            created_at: NOW,
        };
        let publication = publication(account.id);
        let installation = Installation {
            id: InstallationId::generate(),
            app: app.id,
            owner: account.id,
            publication: publication.id,
            standing: Standing::INITIALIZED,
            created_at: NOW,
        };
        let instance = Instance {
            id: InstanceId::generate(),
            installation: installation.id,
            app: app.id,
            owner: account.id,
            subject: ExternalSubject::default_subject(),
            standing: Standing::INITIALIZED,
            created_at: NOW,
        };
        let thing = ThingId::generate();
        let request = ActionRequest {
            id: ActionRequestId::generate(),
            app: app.id,
            thing,
            component_id: "c".to_owned(),
            action_id: "a".to_owned(),
            parameters: Vec::new(),
            status: ActionStatus::Pending,
            error: None,
            deadline: NOW,
            created_at: NOW,
        };
        let subject = CallbackSubject {
            kind: CallbackKind::Action,
            publication: publication.id,
            connector_owner: account.id,
            app_owner: account.id,
            installation: installation.id,
            instance: Some(instance.id),
            action_request: Some(request.id),
        };
        let callback = CallbackId::generate();
        Self { account, app, publication, installation, instance, thing, request, callback, subject }
    }
}

fn publication(owner: AccountId) -> Publication {
    let parameter = Parameter {
        id: "p".to_owned(),
        name: "n".to_owned(),
        required: true,
        description: String::new(),
        value_type: ValueType::String,
        display_type: DisplayType::Password,
        validation_expression: String::new(),
    };
    Publication {
        id: PublicationId::generate(),
        owner,
        profile: PublicationProfile {
            name: "n".to_owned(),
            logo_url: None,
            home_url: None,
            description: "d".to_owned(),
            requirements: None,
            mode: Mode::Public,
            active: true,
            tags: vec!["t".to_owned()],
            installation_parameters: vec![parameter.clone()],
            instance_parameters: vec![parameter],
            callback_urls: CallbackUrls {
                installation: "https://h".to_owned(),
                instance: "https://h".to_owned(),
                action: "https://h".to_owned(),
            },
        },
        state: PublicationState::Published,
        public_key: [0; 32],
        created_at: NOW,
    }
}

pub(super) fn new_thing() -> NewThing {
    NewThing {
        name: "n".to_owned(),
        manufacturer: "m".to_owned(),
        main_component_id: "c".to_owned(),
        display_type: "t".to_owned(),
        status: ThingStatus::Unknown,
        attributes: vec![Attribute { name: "n".to_owned(), value: "v".to_owned() }],
        components: vec![NewComponent {
            id: "c".to_owned(),
            name: "n".to_owned(),
            component_type: "t".to_owned(),
            capabilities: Vec::new(),
            properties: vec![Property {
                id: "p".to_owned(),
                name: "n".to_owned(),
                value: "1".to_owned(),
                unit: String::new(),
                kind: ValueType::Number,
                property_type: String::new(),
                last_update: None,
            }],
            actions: vec![Action {
                id: "a".to_owned(),
                name: "n".to_owned(),
                parameters: vec![ActionParameter { name: "x".to_owned(), kind: ValueType::String }],
            }],
        }],
    }
}

/// Nothing, each alone, and everything together.
pub(super) fn constraints(id: ThingId) -> [ThingConstraints; 6] {
    let text = || Some("x".to_owned());
    let none = ThingConstraints::default;
    let thing = ThingConstraint {
        id: None,
        name: text(),
        manufacturer: text(),
        display_type: text(),
        main_component_id: text(),
        status: Some(ThingStatus::Unknown),
    };
    let attribute = AttributeConstraint { name: text(), value: text() };
    let capabilities = vec!["x".to_owned(), "y".to_owned()];
    let component = ComponentConstraints {
        component: ComponentConstraint::new(text(), text(), text(), capabilities),
        property: PropertyConstraint {
            id: text(),
            name: text(),
            value: text(),
            unit: text(),
            kind: Some(ValueType::Number),
            property_type: text(),
        },
        action: ActionConstraint {
            id: text(),
            name: text(),
            parameter_name: text(),
            parameter_type: Some(ValueType::Number),
        },
    };
    let able = ComponentConstraint::new(None, None, None, vec!["x".to_owned()]);
    let by_type = PropertyConstraint { property_type: text(), ..PropertyConstraint::default() };
    [
        none(),
        ThingConstraints { thing: ThingConstraint { id: Some(id), ..ThingConstraint::default() }, ..none() },
        ThingConstraints { attribute: attribute.clone(), ..none() },
        ThingConstraints {
            component: ComponentConstraints { component: able, property: by_type, ..ComponentConstraints::default() },
            ..none()
        },
        ThingConstraints { thing: ThingConstraint { name: text(), ..ThingConstraint::default() }, ..none() },
        ThingConstraints { thing, attribute, component },
    ]
}
